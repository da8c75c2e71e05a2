import type { Held } from './clients/queues.ts';
import type { Plan } from './plan/plan.ts';
import type { RecoveryWorld } from './recovery.ts';

type Timing = Pick<Plan, 'electionMs' | 'syncMs'>;

const line = '~line';
const election = '~line-of-leaders';
/** Shorter than the wait for the lock. */
const shortTtlSeconds = 2;
const longTtlSeconds = 60;
const waitMs = 5000;
const impatientMs = 1000;

/** Of something that may take long. */
interface Result<T> {
  done: T | undefined;
}

/**
 * Where all is well, who waits for a lock has it as soon as it is given up, also when their lease is shorter than that
 * takes; who goes away leaves the line; and all who observe an election hear the leader's last word. Takes simulated
 * time; returns what is wrong, in words; empty: nothing.
 */
export function inLine(
  { scheduler, cluster, client }: RecoveryWorld,
  { electionMs, syncMs }: Timing,
  bug: (thrown: unknown) => void,
): string {
  const leader = cluster.leader();
  const members = cluster.members.flatMap(({ life }, at) => (life ? [at] : []));
  const [term, revision] = [leader?.life?.host.node.term, leader?.life?.host.state.mvcc.revision];
  const withinMs = 500 + 3 * electionMs + 20 * syncMs[1];
  const notHad = `for a lock does not have it ${withinMs} ms after it was given up`;
  const asItWas = (): boolean =>
    cluster.leader() === leader && leader?.life?.host.node.term === term && !scheduler.stopped;
  if (!asItWas() || members.length === 0 || revision === undefined) return '';

  const at = (i: number): void => client.goTo(members[i % members.length] ?? 0);
  const start = <T>(work: Promise<T>): Result<T> => {
    const result: Result<T> = { done: undefined };
    work.then((done) => (result.done = done), bug);
    return result;
  };
  const waits = (i: number, ttl: number, patienceMs: number): Result<Held | undefined> => {
    at(i);
    return start(client.queues.wait(line, ttl, patienceMs));
  };
  const held = <T>({ done }: Result<T>): T | undefined => done;
  const run = (ms: number): void => scheduler.run(scheduler.now + ms);
  const inTheLine = (): number =>
    leader?.life?.host.state.mvcc.range({ key: `${line}/`, rangeEnd: `${line}0` }).count ?? 0;

  const followers = members.map((_, i) => {
    at(i);
    return client.queues.follow(election);
  });
  const first = waits(0, longTtlSeconds, withinMs);
  run(withinMs);
  const holder = held(first);
  if (!holder) return asItWas() ? 'a lock that nobody holds was not had' : '';
  const second = waits(1, longTtlSeconds, waitMs);
  run(withinMs);
  if (held(second)) return 'two have the same lock';
  // The next thing that is written.
  client.queues.end(holder).catch(bug);
  run(withinMs);
  const next = held(second);
  if (!next) return asItWas() ? `who waits ${notHad}` : '';
  const third = waits(2, shortTtlSeconds, 3 * waitMs);
  run(withinMs);
  waits(0, shortTtlSeconds, impatientMs);
  at(0);
  const leads = start(client.queues.lead(election));
  run(waitMs);
  if (!asItWas()) return '';
  if (inTheLine() !== 2)
    return `${inTheLine()} are in the line for a lock: one holds it, one waits`;
  if (held(third)) return 'two have the same lock';
  client.queues.end(next).catch(bug);
  run(withinMs);
  if (!asItWas()) return '';
  const last = held(third);
  if (!last) return `who waits under a short lease ${notHad}`;
  const leading = held(leads);
  if (!leading) return 'nobody leads an election that one stood for';
  const word = leader?.life?.host.state.mvcc.range({
    key: `${election}/`,
    rangeEnd: `${election}0`,
  });
  const deaf = followers.filter(
    (each) => each?.leaders.at(-1)?.kv.mod !== word?.kvs[0]?.modRevision,
  );
  for (const each of [last, leading]) client.queues.end(each).catch(bug);
  run(withinMs);
  return deaf.length === 0
    ? ''
    : `${deaf[0]?.who} has not heard what the leader of an election says`;
}
