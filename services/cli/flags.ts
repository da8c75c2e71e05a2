import { choiceSetting, integerSetting } from '#shared/runtime';
import { CommandError } from './command-error.ts';

/** `integerSetting` for what a person typed: its error is theirs, not the server's. */
export const integerFlag = (...args: Parameters<typeof integerSetting>): number =>
  asTyped(() => integerSetting(...args));

export const choiceFlag = <T extends string>(
  flag: string,
  value: string,
  choices: readonly T[],
): T => asTyped(() => choiceSetting(flag, value, choices));

/** Runs a check of the server's on what a person typed. */
export function asTyped<T>(check: () => T): T {
  try {
    return check();
  } catch (thrown) {
    throw thrown instanceof Error ? new CommandError(thrown.message) : thrown;
  }
}
