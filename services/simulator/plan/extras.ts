import { createRng, type Rng } from '#shared/base';
import { asCompactions } from './compactions.ts';
import { drawRoles } from './draw-clients.ts';
import { pick } from './pickers.ts';
import type { Plan, Step, StoreSettings } from './plan.ts';
import { asLateHolders } from './late-holders.ts';
import { asLateWatches } from './late-watches.ts';
import { asPartedLogs } from './parted-logs.ts';
import { asSlowDisks } from './slow-disks.ts';
import { asStranded } from './stranded.ts';
import { asTwiceBehind } from './twice-behind.ts';
import { asVainHandOvers } from './vain-hand-overs.ts';

/** Plans made around one schedule need what they ask to be answered. */
const ordinary: readonly (string | undefined)[] = ['busy', 'storm', 'majorities', 'tuned'];

/**
 * What some seeds have besides: settings that make rare things happen often, and further clients that
 * ask for what few ask for. Drawn by itself, so that all the rest of a seed stays what it is.
 */
export function withExtras(plan: Plan): Plan {
  return withQueues(withOthers(plan));
}

function withOthers(plan: Plan): Plan {
  const rng = createRng(plan.seed ^ 0x0d_d5);
  const has = (oneIn: number): boolean => rng.int(oneIn) === 0;
  const much = createRng(plan.seed ^ 0x6b_17);
  const limited = much.int(4) === 0 && { maxUncommittedBytes: 150_000 };
  const store = { ...drawSettings(rng, plan), ...limited, ...drawLogTail(plan) };
  const settled = { ...plan, store, ...(has(4) && { bereaved: true }) };
  if (has(16) && plan.members > 1) return asStranded(settled, rng);
  const slow = createRng(plan.seed ^ 0x5_10_3d);
  if (slow.int(12) === 0 && plan.pace !== 'calm') return asSlowDisks(settled, slow);
  if (slow.int(14) === 0 && plan.pace !== 'calm') return asCompactions(settled, slow);
  const late = createRng(plan.seed ^ 0x1a_7e);
  if (late.int(16) === 0 && plan.pace !== 'calm') return asLateHolders(settled, late);
  const other = createRng(plan.seed ^ 0x07_4e5);
  if (other.int(7) === 0 && plan.pace !== 'calm')
    return pick(other, [asPartedLogs, asPartedLogs, asVainHandOvers, asLateWatches])(
      settled,
      other,
    );
  const odd = has(3)
    ? withClient(settled, rng, { odd: 8, 'watch-stream': 3, unwatch: 1, move: 1 })
    : settled;
  const moved = has(4)
    ? withClient(odd, rng, { 'update-member': 1, 'watch-stream': 2, move: 1 })
    : odd;
  if (plan.pace === 'far behind') {
    if (much.int(3) === 0) return asTwiceBehind(settled, much);
    // Who is sent the whole state must not go on with what it knew of users.
    return much.int(2) === 0 ? withUsers(moved, much) : moved;
  }
  if (!ordinary.includes(plan.pace)) return moved;
  const many = createRng(plan.seed ^ 0x3a_77);
  const grown = many.int(6) === 0 ? withManyKeys(moved, many) : moved;
  const large = limited ? withClient(grown, much, { 'put-large': 1, move: 1 }) : grown;
  const cramped = has(5) ? withQuota(large, rng) : large;
  return has(4) ? withUsers(cramped, rng) : cramped;
}

function drawSettings(rng: Rng, { electionMs }: Plan): StoreSettings {
  const some = (): boolean => rng.int(3) === 0;
  return {
    ...(some() && { compactionBatchLimit: 1 + rng.int(3) }),
    ...(some() && { leaseCheckpointMs: pick(rng, [1000, 1500]) }),
    ...(some() && { watchProgressNotifyMs: pick(rng, [1, 5]) * electionMs }),
    ...(some() && { maxRequestBytes: 20_000 }),
    ...(some() && { syncEvents: 1 + rng.int(8) }),
    ...(some() && { cacheBytes: pick(rng, [0, 600, 2000]) }),
    ...(rng.int(5) === 0 && {
      corruptCheckMs: pick(rng, [1, 3]) * electionMs,
      compactHashCheckMs: electionMs,
      initialCorruptCheck: some(),
    }),
    ...(rng.int(6) === 0 && {
      autoCompaction: { mode: 'periodic', periodMs: pick(rng, [2, 10]) * electionMs } as const,
    }),
  };
}

/** Reading a log takes no time here: nothing else of a seed changes by it. */
function drawLogTail({ seed }: Plan): Pick<StoreSettings, 'logTail'> {
  const rng = createRng(seed ^ 0x7a_11);
  if (rng.int(2) === 0) return {};
  return { logTail: { bytes: pick(rng, [0, 500, 3000]), committed: rng.int(4) } };
}

function withClient(plan: Plan, rng: Rng, weights: Parameters<typeof drawRoles>[1][number]): Plan {
  const paceMs = paceOf(plan);
  const [steps = []] = drawRoles(rng, [weights], 1, paceMs, plan.safetyMs);
  return { ...plan, clients: [...plan.clients, steps] };
}

/** Some hold locks, and lead; somebody looks after disks. */
function withQueues(plan: Plan): Plan {
  const rng = createRng(plan.seed ^ 0x10_c5);
  if (rng.int(3) > 0 || plan.users || !ordinary.includes(plan.pace)) return plan;
  const mended = withClient(plan, rng, { defragment: 1, move: 2 });
  const kept = withClient(mended, rng, { grant: 1, 'grant-again': 3 });
  const weights = { lock: 4, campaign: 4, observe: 2, move: 1 };
  return [1, 2, 3].reduce((with_) => withClient(with_, rng, weights), kept);
}

/** More keys than one node of the key index holds. */
function withManyKeys(plan: Plan, rng: Rng): Plan {
  const made = withClient(plan, rng, { 'change-many': 1 });
  return withClient(made, rng, { 'ask-many': 4, 'change-many': 1, move: 1 });
}

/** As often as the others ask. */
function paceOf({ clients, safetyMs }: Plan): number {
  const steps = clients.reduce((sum, each) => sum + each.length, 0);
  const spentMs = clients.flat().reduce((sum, { afterMs }) => sum + afterMs, 0);
  return Math.max(3, Math.min(safetyMs / 20, Math.round(spentMs / Math.max(1, steps))));
}

/** Little room, which somebody makes again and again; at times somebody says that there is none. */
function withQuota(plan: Plan, rng: Rng): Plan {
  const quotaBackendBytes = pick(rng, [20_000, 40_000]);
  const cramped = { ...plan, store: { ...plan.store, quotaBackendBytes } };
  const full = withClient(cramped, rng, { 'put-large': 1 });
  return withClient(full, rng, { 'clean-up': 3, alarm: rng.int(2), disarm: 3, move: 1, get: 3 });
}

/** Somebody founds users first, and changes what they may do while they ask; leases are theirs, or others'. */
function withUsers(plan: Plan, rng: Rng): Plan {
  const found: Step = { afterMs: plan.electionMs, kind: 'found-users', pick: 0 };
  const { clients } = withClient(plan, rng, { 'change-users': 6, get: 1, move: 1 });
  const admin = [found, ...(clients.at(-1) ?? [])];
  const users = plan.clients.map(() => pick(rng, ['root', 'ann', 'ann', 'ben']));
  const known = { ...plan, clients: [...plan.clients, admin], users: [...users, 'root'] };
  const leased = withClient(known, rng, { grant: 2, 'put-leased': 4, 'keep-alive': 3 });
  const curious = withClient(leased, rng, {
    'time-left': 4,
    'keep-others': 1,
    'put-others': 3,
    move: 1,
  });
  const all = { ...curious, users: [...known.users, 'ann', 'ben'] };
  // What they do is no part of the history that is to be ordered.
  if (rng.int(2) === 0) return all;
  return { ...withClient(all, rng, { odd: 3, move: 1 }), users: [...all.users, 'ben'] };
}
