import { assertNever, QuorateError } from '#shared/base';
import { parseTerms } from './terms.ts';

export type Direction = 'in' | 'out' | 'both';

/** Between this process and another, or its clients. */
export interface LinkFault {
  readonly kind: 'link';
  /** A member's name, `clients`, `api`, `rest`; on a worker a master's name; `*`: all. */
  readonly peer: string;
  readonly direction: Direction;
  /** 0 to 1; 1 is a cut. On a byte stream a lost packet is a late one. */
  readonly drop: number;
  readonly delayMs: number;
  /** Added to the delay, evenly from 0 to this. */
  readonly jitterMs: number;
  /** 0 to 1; raft messages only, as the next. */
  readonly duplicate: number;
  readonly reorder: number;
  /** 0: no limit. */
  readonly bytesPerSecond: number;
  readonly partition: string;
}

export const diskFaults = [
  'stall',
  'error',
  'full',
  'lose-sync',
  'torn-write',
  'bit-flip',
] as const;
export const diskTargets = ['log', 'backend', 'all'] as const;

export interface DiskFault {
  readonly kind: 'disk';
  readonly what: (typeof diskFaults)[number];
  readonly target: (typeof diskTargets)[number];
  /** Of each write that stalls. */
  readonly ms: number;
  /** 0 to 1, of the writes that it meets. */
  readonly probability: number;
}

export interface ClockFault {
  readonly kind: 'clock';
  /** Added to what the process takes for the time, once. */
  readonly offsetMs: number;
  /** Microseconds that its time gains on a second. */
  readonly driftPpm: number;
}

export const processFaults = ['pause', 'kill', 'slow'] as const;

export interface ProcessFault {
  readonly kind: 'process';
  readonly what: (typeof processFaults)[number];
  /** Of its time that a slow process loses. */
  readonly percent: number;
}

export interface PointFault {
  readonly kind: 'point';
  readonly name: string;
  readonly terms: string;
}

export type FaultSpec = LinkFault | DiskFault | ClockFault | ProcessFault | PointFault;

/** A fault that is set in one process. */
export interface Fault {
  readonly id: string;
  readonly spec: FaultSpec;
  /** Undefined: until it is healed. */
  readonly remainingMs: number | undefined;
  readonly survivesRestart: boolean;
  /** How often it has acted. */
  readonly hits: number;
}

/** What a link fault says where nothing is said. */
export const noLinkFault: LinkFault = {
  kind: 'link',
  peer: '*',
  direction: 'both',
  drop: 0,
  delayMs: 0,
  jitterMs: 0,
  duplicate: 0,
  reorder: 0,
  bytesPerSecond: 0,
  partition: '',
};

export interface PointTraits {
  readonly skippable: boolean;
}

/** Whether the process may be gone as soon as it meets this. */
export function endsProcess(spec: FaultSpec): boolean {
  if (spec.kind === 'disk') return spec.what === 'torn-write';
  if (spec.kind !== 'point') return false;
  return parseTerms(spec.terms).some(({ action }) => ['panic', 'exit'].includes(action.type));
}

const maxDelayMs = 600_000;

export function checkDuration(forMs: number | undefined): void {
  if (forMs !== undefined) range('the duration', forMs, 1, 86_400_000, ' ms');
}

/** Throws `bad-request` where the fault makes no sense here. */
export function checkFault(
  spec: FaultSpec,
  forMs: number | undefined,
  points: ReadonlyMap<string, PointTraits>,
): void {
  checkDuration(forMs);
  switch (spec.kind) {
    case 'link':
      checkLink(spec);
      return;
    case 'disk':
      oneOf('the disk fault', spec.what, diskFaults);
      oneOf('the target', spec.target, diskTargets);
      range('--ms', spec.ms, 0, maxDelayMs);
      range('--probability', spec.probability, 0, 1);
      if (spec.what === 'stall' && spec.ms === 0) refuse('a stall needs --ms');
      if (spec.what === 'lose-sync' && spec.target === 'backend') {
        refuse('syncs are lost by the log alone: what the backend loses, the log has');
      }
      return;
    case 'clock':
      range('--offset', spec.offsetMs, -1e12, 1e12, ' ms');
      range('--drift', spec.driftPpm, -900_000, 10_000_000, ' ppm');
      if (spec.offsetMs === 0 && spec.driftPpm === 0)
        refuse('a clock fault needs an offset or a drift');
      return;
    case 'process':
      oneOf('the process fault', spec.what, processFaults);
      if (spec.what === 'pause' && forMs === undefined)
        refuse('a pause needs --for: a stopped process hears nobody');
      if (spec.what === 'slow') range('--percent', spec.percent, 1, 99);
      return;
    case 'point':
      checkPoint(spec, points.get(spec.name));
      return;
    default:
      assertNever(spec, 'fault');
  }
}

function checkPoint({ name, terms }: PointFault, traits: PointTraits | undefined): void {
  if (!traits) refuse(`there is no failpoint ${name} in this process`);
  const skips = parseTerms(terms).some(({ action }) => action.type === 'return');
  if (skips && !traits.skippable)
    refuse(`what is done at ${name} cannot be left out: \`return\` is not for it`);
}

function checkLink(spec: LinkFault): void {
  if (spec.peer === '') refuse('a link fault names the other side, or *');
  oneOf('the direction', spec.direction, ['in', 'out', 'both'] as const);
  range('--drop', spec.drop, 0, 1);
  range('--duplicate', spec.duplicate, 0, 1);
  range('--reorder', spec.reorder, 0, 1);
  range('--delay', spec.delayMs, 0, maxDelayMs, ' ms');
  range('--jitter', spec.jitterMs, 0, maxDelayMs, ' ms');
  range('--bandwidth', spec.bytesPerSecond, 0, 1e12, ' bytes a second');
  const { drop, duplicate, reorder, delayMs, jitterMs, bytesPerSecond } = spec;
  if (drop + duplicate + reorder + delayMs + jitterMs + bytesPerSecond === 0) {
    refuse(
      'a link fault needs --cut, --drop, --delay, --jitter, --duplicate, --reorder or --bandwidth',
    );
  }
}

function range(what: string, value: number, min: number, max: number, unit = ''): void {
  if (value >= min && value <= max) return;
  refuse(`${what} is ${value}${unit}: must be from ${min} to ${max}${unit}`);
}

function oneOf<T extends string>(what: string, value: T, choices: readonly T[]): void {
  if (!choices.includes(value))
    refuse(`${what} is "${value}": must be one of ${choices.join(', ')}`);
}

function refuse(message: string): never {
  throw new QuorateError('bad-request', message);
}

/** A fault in a few words, for tables. */
export function faultText(spec: FaultSpec): string {
  switch (spec.kind) {
    case 'link': {
      const arrow = { in: '<-', out: '->', both: '<->' }[spec.direction];
      const parts = [
        spec.drop === 1 ? 'cut' : spec.drop > 0 ? `drop ${spec.drop * 100}%` : '',
        spec.delayMs > 0 ? `delay ${spec.delayMs}ms` : '',
        spec.jitterMs > 0 ? `jitter ${spec.jitterMs}ms` : '',
        spec.duplicate > 0 ? `duplicate ${spec.duplicate * 100}%` : '',
        spec.reorder > 0 ? `reorder ${spec.reorder * 100}%` : '',
        spec.bytesPerSecond > 0 ? `${spec.bytesPerSecond} B/s` : '',
        spec.partition === '' ? '' : `(partition ${spec.partition})`,
      ];
      return [arrow, spec.peer, ...parts].filter((part) => part !== '').join(' ');
    }
    case 'disk': {
      const ms = spec.what === 'stall' ? ` ${spec.ms}ms` : '';
      const p = spec.probability < 1 ? ` ${spec.probability * 100}%` : '';
      return `${spec.target} ${spec.what}${ms}${p}`;
    }
    case 'clock':
      return [
        spec.offsetMs === 0 ? '' : `offset ${spec.offsetMs}ms`,
        spec.driftPpm === 0 ? '' : `drift ${spec.driftPpm}ppm`,
      ]
        .filter((part) => part !== '')
        .join(' ');
    case 'process':
      return spec.what === 'slow' ? `slow ${spec.percent}%` : spec.what;
    case 'point':
      return `${spec.name} = ${spec.terms}`;
    default:
      return assertNever(spec, 'fault');
  }
}
