import type { Logger } from '#shared/runtime';

/** For components whose log no test reads. */
export const silentLog: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
