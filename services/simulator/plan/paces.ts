import { must } from '#shared/base';
import type { Span } from '../world/machine.ts';
import type { FaultKind } from './plan.ts';

/** Of each by itself; others come as parts of a schedule. */
export type DrawnKind = Exclude<
  FaultKind,
  | 'black-hole'
  | 'part-newest'
  | 'part-at-change'
  | 'add-at-election'
  | 'lost-election'
  | 'hears-late'
  | 'cut-at-entry'
  | 'die-installing'
>;

/** How fast everything goes. */
export interface Pace {
  readonly name: string;
  /** How often it is drawn. */
  readonly weight: number;
  readonly electionMs: number;
  readonly safetyMs: readonly number[];
  /** Between two faults, and how long one lasts at most. */
  readonly faultMs: readonly number[];
  readonly lastsMs: number;
  /** Between two requests of a client. */
  readonly requestMs: readonly number[];
  readonly strict: boolean;
  readonly syncMs: readonly Span[];
  /** Times the network's usual delays. */
  readonly distance: number;
  /** Kinds of faults that it always has. */
  readonly always: readonly DrawnKind[];
}

export const paces: readonly Pace[] = [
  // Hours of an ordinary cluster: little is asked, seldom something fails, and time passes.
  {
    name: 'calm',
    weight: 2,
    electionMs: 1000,
    safetyMs: [3_600_000, 10_800_000],
    faultMs: [30_000, 120_000],
    lastsMs: 60_000,
    requestMs: [5000, 15_000, 30_000],
    strict: true,
    syncMs: [
      [0.3, 2],
      [1, 10],
    ],
    distance: 1,
    always: [],
  },
  // A bad minute of it: leases expire, keepalives notice, membership is checked.
  {
    name: 'busy',
    weight: 3,
    electionMs: 1000,
    safetyMs: [10_000, 20_000, 40_000],
    faultMs: [500, 1000, 3000],
    lastsMs: 8000,
    requestMs: [20, 50, 200, 500],
    strict: true,
    syncMs: [
      [0.3, 2],
      [1, 10],
      [5, 40],
    ],
    distance: 1,
    always: [],
  },
  // Tuned for a fast network.
  {
    name: 'tuned',
    weight: 2,
    electionMs: 100,
    safetyMs: [3000, 6000],
    faultMs: [30, 100, 300],
    lastsMs: 1000,
    requestMs: [3, 8, 20],
    strict: false,
    syncMs: [
      [0.1, 1],
      [1, 6],
    ],
    distance: 1,
    always: ['isolate'],
  },
  // A storm: leaders come and go while entries are on their way, on slow disks and far apart.
  {
    name: 'storm',
    weight: 4,
    electionMs: 1000,
    safetyMs: [30_000, 60_000],
    faultMs: [300, 600, 1200],
    lastsMs: 5000,
    requestMs: [30, 80, 200],
    strict: false,
    syncMs: [
      [1, 10],
      [10, 60],
    ],
    distance: 10,
    always: ['isolate', 'die-writing'],
  },
  // Majorities that change, and logs that part in between.
  {
    name: 'majorities',
    weight: 4,
    electionMs: 1000,
    safetyMs: [30_000, 60_000],
    faultMs: [600, 1200],
    lastsMs: 3000,
    requestMs: [30, 80],
    strict: false,
    syncMs: [[1, 10]],
    distance: 10,
    always: ['isolate', 'partition', 'power', 'die-sending'],
  },
];

export function stormy(): Pace {
  return must(
    paces.find(({ name }) => name === 'storm'),
    'there are storms',
  );
}
