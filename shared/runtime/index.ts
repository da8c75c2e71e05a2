export {
  choiceSetting,
  type Environment,
  environmentName,
  integerSetting,
  setting,
} from './config.ts';
export { exitCodes, type HostProcess, runMain, type Service } from './lifecycle.ts';
export {
  createLogger,
  type LogFormat,
  type Logger,
  type LoggerSettings,
  type LogLevel,
  logFormats,
  logLevels,
} from './log.ts';
export { formatLogLine } from './log-text.ts';
export { version } from './version.ts';
