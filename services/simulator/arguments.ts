import { parseArgs } from 'node:util';
import { messageOf, QuorateError } from '#shared/base';
import { integerSetting } from '#shared/runtime';
import type { Layers } from './layers.ts';

export const usage = `Runs whole clusters in one process, on a simulated network, disk and clock, each under one seed,
and checks everything they promise.

Usage:
  quorate simulate [--seeds N] [--minutes M] [flags]

Flags:
  --seeds N        how many seeds, at most (default 1000)
  --minutes M      for how long, at most (default 10)
  --seed N         the first seed; alone: only this one (also SEED in the environment). Default: drawn
  --layers L       store: members and clients of their own; cluster: API servers, schedulers, controllers
                   and agents as well; both (default): each for as long. --verbose shows the first
  --members N      of the store alone: members of each cluster (default: drawn, 1, 3 or 5)
  --mutant NAME    put a known bug into the code first ("list" names them all)
  --plan FILE      run one plan of the corpus
  --corpus DIR     where plans that failed are kept; they run first
  --fresh          run no kept plans
  --shrink-seconds N   for making a failed plan shorter (default 30)
  --verbose        print what members and faults do

Exits with 0 when nothing was found, 2 for wrong usage, 3 when something crashed, 4 when a promise was broken
(safety), 5 when the cluster did not recover (liveness).
`;

export interface Arguments {
  readonly seeds: number;
  readonly minutes: number;
  readonly seed: number | undefined;
  readonly layers: readonly Layers[];
  readonly members: number | undefined;
  readonly mutant: string | undefined;
  readonly plan: string | undefined;
  readonly corpus: string;
  readonly fresh: boolean;
  readonly shrinkSeconds: number;
  readonly verbose: boolean;
  readonly help: boolean;
}

const options = {
  seeds: { type: 'string' },
  minutes: { type: 'string' },
  seed: { type: 'string' },
  layers: { type: 'string' },
  members: { type: 'string' },
  mutant: { type: 'string' },
  plan: { type: 'string' },
  corpus: { type: 'string' },
  fresh: { type: 'boolean' },
  'shrink-seconds': { type: 'string' },
  verbose: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Throws `bad-request` where it is wrong. */
export function parseArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Arguments {
  const { values } = parsed(args);
  const number = (flag: keyof typeof values, min: number, max: number): number | undefined => {
    const text = values[flag];
    return typeof text === 'string' ? integerSetting(`--${flag}`, text, min, max) : undefined;
  };
  const given = env['SEED'];
  const seed =
    number('seed', 0, 2 ** 31 - 1) ??
    (given ? integerSetting('SEED', given, 0, 2 ** 31 - 1) : undefined);
  const alone = seed !== undefined && values.seeds === undefined && values.minutes === undefined;
  const state = env['XDG_STATE_HOME'] || `${env['HOME'] ?? '.'}/.local/state`;
  return {
    seeds: alone ? 1 : (number('seeds', 1, 1e9) ?? 1000),
    minutes: number('minutes', 1, 1e6) ?? 10,
    seed,
    layers: layersNamed(values.layers ?? 'both'),
    members: number('members', 1, 7),
    mutant: values.mutant,
    plan: values.plan,
    corpus: values.corpus ?? `${state}/quorate-simulation`,
    fresh: values.fresh ?? false,
    shrinkSeconds: number('shrink-seconds', 0, 1e6) ?? 30,
    verbose: values.verbose ?? false,
    help: values.help ?? false,
  };
}

function layersNamed(text: string): readonly Layers[] {
  if (text === 'both') return ['store', 'cluster'];
  if (text === 'store' || text === 'cluster') return [text];
  throw new QuorateError('bad-request', `--layers: "${text}" is neither store, cluster nor both`);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true });
  } catch (thrown) {
    throw new QuorateError('bad-request', messageOf(thrown));
  }
}
