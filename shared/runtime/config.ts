import { QuorateError } from '#shared/base';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `--data-dir` is `QUORATE_DATA_DIR` in the environment. */
export function environmentName(flag: string): string {
  return `QUORATE_${flag.replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;
}

/** A setting's value: the flag where given, else the environment's, where that is not empty. */
export function setting(
  flag: string,
  given: string | undefined,
  env: Environment,
): string | undefined {
  return given ?? (env[environmentName(flag)] || undefined);
}

/** An integer in [min, max]; `bad-request` names the flag otherwise. */
export function integerSetting(flag: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (/^-?\d+$/.test(value) && number >= min && number <= max) return number;
  throw new QuorateError(
    'bad-request',
    `invalid value "${value}" for ${flag}: must be a whole number from ${min} to ${max}`,
  );
}

/** One of a few words. */
export function choiceSetting<T extends string>(
  flag: string,
  value: string,
  choices: readonly T[],
): T {
  const choice = choices.find((word) => word === value);
  if (choice !== undefined) return choice;
  throw new QuorateError(
    'bad-request',
    `invalid value "${value}" for ${flag}: must be one of ${choices.join(', ')}`,
  );
}

/** The value of a flag, named without its dashes; undefined where it is not set. */
export type FlagValue = (flag: string) => string | undefined;

/** Only what the environment sets: for parts that have no command line of their own. */
export function fromEnvironment(env: Environment): FlagValue {
  return (flag) => setting(`--${flag}`, undefined, env);
}

/** The numbers of a configuration that are flags: the flag's name, the least and the largest value. */
export type NumberFlags<C> = {
  readonly [K in keyof C]?: readonly [flag: string, min: number, max: number];
};

export function numberFlagNames<C>(numbers: NumberFlags<C>): string[] {
  const rows = Object.values(numbers) as NumberFlags<C>[keyof C][];
  return rows.flatMap((row) => (row ? [row[0]] : []));
}

/** `defaults`, with the numbers that are set; `bad-request` names a flag whose value is none. */
export function withNumbers<C extends object>(
  defaults: C,
  numbers: NumberFlags<C>,
  value: FlagValue,
): C {
  const config = { ...defaults };
  for (const key of Object.keys(numbers) as (keyof C)[]) {
    const [flag, min, max] = numbers[key] ?? ['', 0, 0];
    const text = value(flag);
    if (text === undefined) continue;
    Object.assign(config, { [key]: integerSetting(`--${flag}`, text, min, max) });
  }
  return config;
}
