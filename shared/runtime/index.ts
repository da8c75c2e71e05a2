export {
  choiceSetting,
  type Environment,
  environmentName,
  type FlagValue,
  fromEnvironment,
  integerSetting,
  type NumberFlags,
  setting,
  numberFlagNames,
  withNumbers,
} from './config.ts';
export { keepCompiledCode } from './compiled-code.ts';
export { type HeapUse, heapUse } from './heap-use.ts';
export { exitCodes, type HostProcess, runMain, type Service } from './lifecycle.ts';
export {
  createLogger,
  logDestination,
  type LogFormat,
  type Logger,
  type LoggerSettings,
  type LogLevel,
  logFormats,
  logLevels,
} from './log.ts';
export { formatLogLine } from './log-text.ts';
export { ownUser } from './own-user.ts';
export { startAnew, type StartSettings } from './start-anew.ts';
export { dropStartUpGarbage } from './start-up-garbage.ts';
export { startThread } from './thread.ts';
export { version } from './version.ts';
export { DurationHistogram, exponentialMs } from './metrics/histogram.ts';
export { writeProcessMetrics } from './metrics/process.ts';
export { MetricsText, type Sample } from './metrics/text.ts';
