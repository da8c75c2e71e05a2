import { QuorateError } from '#shared/base';
import { decodeObject, type Lease, prepareUpdate, refs, type Resource } from '#shared/api';
import type { Leader, WriteOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { KindTable } from '../registry/kinds.ts';
import { microTime } from '../registry/micro-time.ts';
import type { Registry } from '../registry/registry.ts';
import type { ElectionListener } from './elections.ts';

/** Leaders renew every second or so; people need not see each of them. */
const renewEveryMs = 10_000;
const namespace = 'kube-system';

/**
 * Shows elections where Kubernetes shows them: as a Lease in kube-system. Only for people and
 * tools to read; nothing decides by it, so a write that fails is logged and forgotten.
 */
export class LeaseMirror implements ElectionListener {
  readonly #registry: Registry;
  readonly #leases: Resource;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #writtenAt = new Map<string, number>();
  /** One write at a time, so that an older state cannot follow a newer one. */
  #last: Promise<void> = Promise.resolve();

  constructor(registry: Registry, kinds: KindTable, clock: Clock, log: Logger) {
    this.#registry = registry;
    this.#leases = kinds.builtin(refs.leases);
    this.#clock = clock;
    this.#log = log;
  }

  elected(leader: Leader): void {
    this.#write(leader, leader.identity, { fence: leader });
  }

  renewed(leader: Leader): void {
    const writtenAt = this.#writtenAt.get(leader.election) ?? Number.NEGATIVE_INFINITY;
    if (this.#clock.monotonic() - writtenAt < renewEveryMs) return;
    this.#write(leader, leader.identity, { fence: leader });
  }

  resigned(leader: Leader): void {
    this.#write(leader, '', {});
  }

  /** Resolves when what was told so far is written or has failed. */
  settled(): Promise<void> {
    return this.#last;
  }

  #write(leader: Leader, holder: string, options: WriteOptions): void {
    this.#writtenAt.set(leader.election, this.#clock.monotonic());
    this.#last = this.#last
      .then(() => this.#mirror(leader, holder, options))
      .catch((thrown: unknown) => {
        const { message } = QuorateError.from(thrown);
        this.#log.debug({ election: leader.election, error: message }, 'lease not mirrored');
      });
  }

  async #mirror(leader: Leader, holder: string, options: WriteOptions): Promise<void> {
    const name = leader.election;
    const now = microTime(this.#clock.now());
    const spec = { leaseDurationSeconds: leader.leaseSeconds, renewTime: now };
    try {
      await this.#registry.change(
        this.#leases,
        namespace,
        name,
        (old: Lease) => {
          const before = old.spec ?? {};
          // Resigned, but somebody was elected since: theirs to write.
          if (holder === '' && before.holderIdentity !== leader.identity) return old;
          const moved = holder !== '' && before.holderIdentity !== holder;
          const next: Lease = {
            ...old,
            spec: {
              ...before,
              ...spec,
              holderIdentity: holder,
              ...(moved && {
                acquireTime: now,
                leaseTransitions: (before.leaseTransitions ?? 0) + 1,
              }),
            },
          };
          return prepareUpdate(this.#leases, decodeObject(this.#leases, next).object, old);
        },
        options,
      );
    } catch (thrown) {
      if (holder === '' || !QuorateError.is(thrown, 'not-found')) throw thrown;
      const lease: Lease = {
        metadata: { name, namespace },
        spec: { ...spec, holderIdentity: holder, acquireTime: now, leaseTransitions: 0 },
      };
      await this.#registry.create(this.#leases, lease, { ...options, namespace });
    }
  }
}
