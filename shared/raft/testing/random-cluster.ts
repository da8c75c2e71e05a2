import { assert, createRng } from '#shared/base';
import { allMembers } from '../conf-change.ts';
import { CheckedCluster, memberIds } from './checked-cluster.ts';
import { BrokenPromise } from '#shared/checks';
import type { Member } from './member.ts';
import { Epochs } from './random-epochs.ts';
import { drawRates } from './random-rates.ts';
import { Storm } from './random-storm.ts';

const stepsInStorm = 1500;
const epochs = 60;
const roundsToHeal = 600;

/** A cluster that one seed builds and drives into trouble. */
export class RandomCluster {
  readonly #cluster: CheckedCluster;
  readonly #trouble: () => void;

  constructor(seed: number) {
    const rng = createRng(seed);
    const rates = drawRates(rng);
    const voters = memberIds.slice(0, 1 + rng.int(5));
    const learners = memberIds.slice(voters.length, voters.length + rng.int(2));
    const checkQuorum = rng.int(4) > 0;
    const options = {
      electionTicks: 5 + rng.int(6),
      heartbeatTicks: 1 + rng.int(2),
      maxMessageBytes: [1, 8, 1024][rng.int(3)] ?? 1024,
      maxInflightMessages: 1 + rng.int(6),
      maxUncommittedBytes: [16, 1 << 20][rng.int(2)] ?? 16,
      // Without pre-vote removed members disrupt for ever, which is their right.
      preVote: checkQuorum || rng.int(2) > 0,
      checkQuorum,
      earlyPreVoteTicks: 1 + rng.int(3),
      lazyCommit: rng.int(2) === 0,
    };
    const cluster = new CheckedCluster(rng, { voters, learners }, options, rates);
    this.#cluster = cluster;
    const inEpochs = new Epochs(cluster, options.electionTicks);
    const inStorm = new Storm(cluster, rates);
    this.#trouble =
      rng.int(2) === 0
        ? () => {
            for (let epoch = 0; epoch < epochs; epoch += 1) inEpochs.step();
          }
        : () => {
            for (let step = 0; step < stepsInStorm; step += 1) inStorm.step();
          };
  }

  /** Safety under every fault, then liveness once they end. Throws on a violation. */
  run(): void {
    this.#trouble();
    this.#heal();
  }

  /** All faults end; within some election timeouts everybody must agree and go on. */
  #heal(): void {
    this.#cluster.connectAll();
    this.#cluster.weather = { drop: 0, duplicate: 0 };
    for (const member of this.#cluster.members.values()) if (!member.alive) member.restart();
    let marker: { readonly term: number; readonly index: number } | undefined;
    for (let round = 0; round < roundsToHeal; round += 1) {
      for (const member of this.#cluster.members.values()) {
        // Clocks of their own: nobody ticks in lockstep.
        if (this.#cluster.rng.int(3) > 0) member.raft.tick();
      }
      for (let turn = 0; turn < 50 && this.#cluster.turn(); turn += 1);
      const leader = this.#agreedLeader();
      if (leader === undefined) continue;
      const { term } = leader.raft.status();
      if (marker?.term === term) {
        if (this.#converged(leader, marker.index)) return;
      } else if (leader.raft.propose(Uint8Array.of(255)) === 'accepted') {
        marker = { term, index: leader.raft.status().lastIndex };
      }
    }
    throw new BrokenPromise(`no convergence after all faults ended:\n${this.describe()}`);
  }

  #agreedLeader(): Member | undefined {
    const leaders = this.#cluster.leaders();
    return leaders.length === 1 ? leaders[0] : undefined;
  }

  #converged(leader: Member, marker: number): boolean {
    const status = leader.raft.status();
    if (status.commit < marker) return false;
    const members = allMembers(status.confState).map((id) => this.#cluster.member(id));
    assert(members.length > 0, 'a cluster has members');
    if (members.some(({ machine }) => machine.applied < status.commit)) return false;
    for (const { id, raft } of members) this.#cluster.kept.settled(id, raft.status().commit);
    return true;
  }

  describe(): string {
    return this.#cluster.describe();
  }
}
