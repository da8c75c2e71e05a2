import type { SimClient } from './clients/client.ts';
import type { SimCluster } from './cluster/cluster.ts';
import type { Life, SimMember } from './cluster/member.ts';
import type { SimProcess } from './world/process.ts';
import type { Scheduler } from './world/scheduler.ts';

const probeEveryMs = 1000;
/** Within this after the last write all members have applied it. */
const agreeMs = 500;

export interface RecoveryWorld {
  readonly scheduler: Scheduler;
  readonly process: SimProcess;
  readonly cluster: SimCluster;
  /** Whoever asks every member whether it serves. */
  readonly client: SimClient;
}

/** After everything has been mended: the cluster serves at every member, and all agree. */
export class Recovery {
  readonly #world: RecoveryWorld;
  readonly #absent: SimMember | undefined;
  #well = false;
  /** Where the last probe went. */
  #probed = '';

  /** `absent`: who is not there, and is not waited for. */
  constructor(world: RecoveryWorld, absent?: SimMember) {
    this.#world = world;
    this.#absent = absent;
  }

  /** Takes simulated time, `withinMs` at most. Returns what is still wrong then, in words; empty: nothing. */
  await(withinMs: number, bug: (thrown: unknown) => void): string {
    const { scheduler } = this.#world;
    this.#probe().catch(bug);
    const until = scheduler.now + withinMs;
    while (!this.#well && scheduler.now < until && !scheduler.stopped) {
      scheduler.run(scheduler.now + 500);
    }
    return this.#well ? '' : this.#unwell() || `no write at ${this.#probed}`;
  }

  async #probe(): Promise<void> {
    const { cluster } = this.#world;
    for (;;) {
      // Whoever gave up because nobody was there tries again, as its operator would.
      for (const member of cluster.members) if (member !== this.#absent) member.start();
      const serving = await this.#eachServes();
      this.#well = serving && (await this.#agree());
      if (this.#well) return;
      await this.#pause(probeEveryMs);
    }
  }

  /** Followers hear of a commit some milliseconds after whoever asked for it. */
  async #agree(): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < agreeMs; waitedMs += agreeMs / 20) {
      if (this.#unwell() === '') return true;
      await this.#pause(agreeMs / 20);
    }
    return false;
  }

  #pause(ms: number): Promise<void> {
    const { scheduler, process } = this.#world;
    return new Promise((resolve) => {
      scheduler.at(process, scheduler.now + ms, resolve);
    });
  }

  async #eachServes(): Promise<boolean> {
    const { cluster, client } = this.#world;
    // As its operator would. What the quota raised by itself goes by itself.
    const full = cluster.members.findIndex(({ life }) => life?.host.state.alarms.has('nospace'));
    if (full >= 0) await client.makeRoom(full);
    for (const i of servingIn(cluster)) {
      this.#probed = cluster.members[i]?.name ?? '';
      if (!(await client.probe(i))) return false;
    }
    return true;
  }

  /** What is wrong, in words; empty: nothing. */
  #unwell(): string {
    const { cluster } = this.#world;
    const leader = cluster.leader()?.life;
    if (!leader) return `nobody leads; ${this.#describe()}`;
    const { index } = leader.dir.backend.applied;
    const { members, removed } = leader.host.state.table;
    const wanted = new Set([...members.values()].flatMap((m) => m.peerUrls));
    for (const { name, life, failure } of cluster.members) {
      if (life && removed.has(life.host.serving.memberId)) {
        return `${name} was removed, and runs on; ${this.#describe()}`;
      }
      if (!wanted.has(`http://${name}:2380`) || name === this.#absent?.name) continue;
      if (!life) return `${name} does not run: ${failure?.message ?? 'it never started'}`;
      const applied = life.dir.backend.applied.index;
      if (applied < index) return `${name} has applied ${applied} of ${index}; ${this.#describe()}`;
    }
    return '';
  }

  #describe(): string {
    const { cluster } = this.#world;
    const progress = cluster.leader()?.life?.host.node.status().progress ?? [];
    return [
      ...cluster.members.map(
        ({ name, life, failure }) =>
          `${name}: ${life?.host.node.describe() ?? failure?.message ?? 'down'}`,
      ),
      ...progress.map((each) => JSON.stringify(each)),
    ].join('; ');
  }
}

/** Those that must serve, by their place among the members. */
export function servingIn({ members }: SimCluster): number[] {
  return members.flatMap(({ life }, i) =>
    life && !life.host.isLearner() && isMember(life) ? [i] : [],
  );
}

/** One that was never added, as far as it knows, serves nobody. */
function isMember({ host }: Life): boolean {
  return host.state.members.has(host.serving.memberId);
}
