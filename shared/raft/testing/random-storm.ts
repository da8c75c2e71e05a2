import { type CheckedCluster, memberIds } from './checked-cluster.ts';
import type { NodeId } from '../types.ts';
import type { Rates } from './random-rates.ts';

/** Everything may happen at any time, each thing at its own rate. */
export class Storm {
  readonly #cluster: CheckedCluster;
  readonly #rates: Rates;
  /** They apply what is committed only now and then. */
  #lazy = new Set<NodeId>();

  constructor(cluster: CheckedCluster, rates: Rates) {
    this.#cluster = cluster;
    this.#rates = rates;
  }

  step(): void {
    const cluster = this.#cluster;
    const rates = this.#rates;
    this.#often(rates.tick, () => cluster.any((member) => member.raft.tick()));
    this.#often(rates.deliver, () => cluster.deliverAny());
    this.#often(rates.ready, () => cluster.any((member) => cluster.takeReady(member)));
    this.#often(rates.write, () => cluster.any((member) => cluster.finishWrite(member)));
    this.#often(rates.apply, () =>
      cluster.any((member) => {
        if (!this.#lazy.has(member.id) || cluster.rng.int(30) === 0) cluster.applyOne(member);
      }),
    );
    this.#often(rates.propose, () => cluster.any((member) => cluster.propose(member)));
    this.#often(rates.read, () => cluster.any((member) => cluster.read(member)));
    this.#often(rates.persist, () => cluster.any((member) => member.persistMachine()));
    this.#often(rates.compact, () => cluster.any((member) => member.compact(cluster.rng.int(5))));
    this.#often(rates.transfer, () =>
      cluster.any((member) => void member.raft.transferLeadership(cluster.anyId())),
    );
    this.#often(rates.disconnect, () => cluster.disconnect(cluster.anyId(), cluster.anyId()));
    this.#often(rates.confChange, () => cluster.any((member) => cluster.proposeConfChange(member)));
    this.#often(rates.contest, () => {
      for (let standing = 2 + cluster.rng.int(2); standing > 0; standing -= 1) {
        cluster.any((member) => member.raft.campaign());
      }
    });
    this.#often(rates.laziness, () => {
      this.#lazy = new Set(memberIds.filter(() => cluster.rng.int(3) === 0));
    });
    this.#often(rates.replay, () => cluster.replay());
    this.#faults();
  }

  #faults(): void {
    const cluster = this.#cluster;
    const rates = this.#rates;
    this.#often(rates.partition, () => cluster.partition(() => cluster.rng.int(2) === 0));
    this.#often(rates.partitionConf, () =>
      cluster.anyLeader((leader) => cluster.partitionConf(leader)),
    );
    this.#often(rates.isolateLeader, () =>
      cluster.anyLeader(({ id }) => {
        const friend = cluster.anyId();
        cluster.partition((each) => each === id || each === friend);
      }),
    );
    this.#often(rates.heal, () => cluster.connectAll());
    this.#often(rates.crash, () => cluster.any((member) => cluster.crash(member)));
    this.#often(rates.crashUnsynced, () => cluster.any((member) => cluster.crashUnsynced(member)));
    this.#often(rates.crashLeader, () => cluster.anyLeader((leader) => cluster.crash(leader)));
    this.#often(rates.restart, () => {
      const member = cluster.member(cluster.anyId());
      if (!member.alive) member.restart();
    });
  }

  /** `rate` may exceed 1; what is left of it is the chance of once more. */
  #often(rate: number, event: () => void): void {
    for (let left = rate; left > 0; left -= 1) {
      if (this.#cluster.rng.next() < left) event();
    }
  }
}
