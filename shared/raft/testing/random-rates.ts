import type { Rng } from '#shared/base';

/** How often each event happens in one step; all drawn from the seed, so that seeds differ in kind. */
export interface Rates {
  readonly tick: number;
  readonly deliver: number;
  readonly ready: number;
  readonly write: number;
  readonly apply: number;
  readonly propose: number;
  readonly read: number;
  readonly drop: number;
  readonly duplicate: number;
  /** A message sent long ago arrives once more. */
  readonly replay: number;
  readonly crash: number;
  /** Power fails after messages of a Ready have left, before its write is durable. */
  readonly crashUnsynced: number;
  readonly crashLeader: number;
  readonly restart: number;
  readonly partition: number;
  /** A cut along the majorities of a leader's configuration. */
  readonly partitionConf: number;
  readonly isolateLeader: number;
  readonly heal: number;
  readonly compact: number;
  readonly persist: number;
  readonly disconnect: number;
  readonly transfer: number;
  /** Several members stand for election at once. */
  readonly contest: number;
  readonly confChange: number;
  /** Other members than before apply what is committed only now and then. */
  readonly laziness: number;
}

export function drawRates(rng: Rng): Rates {
  const upTo = (most: number): number => rng.next() * most;
  const sometimes = (most: number): number => (rng.int(3) === 0 ? 0 : upTo(most));
  return {
    tick: 0.2 + upTo(1),
    deliver: 1 + upTo(4),
    ready: 1 + upTo(2),
    write: 0.5 + upTo(2),
    apply: 0.5 + upTo(2),
    propose: 0.05 + upTo(0.3),
    read: sometimes(0.3),
    drop: sometimes(0.15),
    duplicate: sometimes(0.15),
    replay: sometimes(0.1),
    crash: sometimes(0.02),
    crashUnsynced: sometimes(0.06),
    crashLeader: sometimes(0.02),
    restart: 0.02 + upTo(0.2),
    partition: sometimes(0.01),
    partitionConf: sometimes(0.02),
    isolateLeader: sometimes(0.01),
    heal: 0.002 + upTo(0.02),
    compact: sometimes(0.05),
    persist: 0.01 + upTo(0.1),
    disconnect: sometimes(0.03),
    transfer: sometimes(0.01),
    contest: sometimes(0.03),
    confChange: sometimes(0.05),
    laziness: sometimes(0.01),
  };
}
