import { QuorateError } from '#shared/base';
import {
  badRequest,
  decodeObject,
  type KubeObject,
  type Lease,
  type Node,
  type NodeStatus,
  prepareCreate,
  prepareStatusUpdate,
  prepareUpdate,
  refs,
  type Resource,
} from '#shared/api';
import type { Clock } from '#shared/clock';
import { timestamp } from '../registry/deletion.ts';
import type { KindTable } from '../registry/kinds.ts';
import { checkPathSegment } from '../registry/keys.ts';
import { microTime } from '../registry/micro-time.ts';
import type { Registry } from '../registry/registry.ts';
import type { WatchCache } from '../watch/watch-cache.ts';

const leaseNamespace = 'kube-node-lease';
const maxLeaseSeconds = 3600;

export interface NodesDeps {
  readonly registry: Registry;
  readonly watches: WatchCache;
  readonly kinds: KindTable;
  readonly clock: Clock;
  readonly uuid: () => string;
}

export interface Beat {
  readonly node: string;
  readonly leaseDurationSeconds: number;
  /** A v1 NodeStatus where something changed. */
  readonly status?: NodeStatus | undefined;
}

export interface BeatAnswer {
  readonly renewTime: string;
  readonly unknownNode: boolean;
}

/** How workers join and stay. */
export class Nodes {
  readonly #deps: NodesDeps;
  readonly #nodes: Resource;
  readonly #leases: Resource;

  constructor(deps: NodesDeps) {
    this.#deps = deps;
    this.#nodes = deps.kinds.builtin(refs.nodes);
    this.#leases = deps.kinds.builtin(refs.leases);
  }

  /**
   * Creates the Node, or brings the one there is up to date: its status, and the labels and
   * annotations the worker sets; what others set (taints, cordon, other labels) and the pod CIDR
   * stay. A Node that was deleted while its worker lived gets the pod CIDR that it asks for.
   */
  async register(body: unknown): Promise<Node> {
    const decoded = decodeObject(this.#nodes, body).object;
    // A worker may send the Node it read before: only what it says of itself counts.
    const { name = '', labels = {}, annotations = {} } = decoded.metadata ?? {};
    const object: KubeObject = { ...decoded, metadata: { name, labels, annotations } };
    if (name === '') throw badRequest('metadata.name: Required value: name is required');
    checkPathSegment('name', name);
    for (;;) {
      try {
        return await this.#registerAgain(name, object);
      } catch (thrown) {
        if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      }
      try {
        return await this.#insert(object);
      } catch (thrown) {
        // Somebody else registered it in between: update theirs.
        if (!QuorateError.is(thrown, 'already-exists')) throw thrown;
      }
    }
  }

  /** Renews the node's Lease and stores its status, if one is given. */
  async beat(beat: Beat): Promise<BeatAnswer> {
    checkBeat(beat);
    const renewTime = microTime(this.#deps.clock.now());
    const node = await this.#node(beat.node);
    if (!node) return { renewTime, unknownNode: true };
    try {
      const { status } = beat;
      if (status) await this.#setStatus(node, status);
      await this.#renewLease(node, beat.leaseDurationSeconds, renewTime);
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found')) return { renewTime, unknownNode: true };
      throw thrown;
    }
    return { renewTime, unknownNode: false };
  }

  /** With the pod network that it had before, if nobody else has it by now: its pods have addresses of that. */
  async #insert(object: Node): Promise<Node> {
    const { podCIDR, podCIDRs: _, ...spec } = object.spec ?? {};
    try {
      return await this.#deps.registry.insert(this.#nodes, this.#newNode(object));
    } catch (thrown) {
      if (podCIDR === undefined || !QuorateError.is(thrown, 'invalid')) throw thrown;
      const without: Node = { ...object, spec };
      return this.#deps.registry.insert(this.#nodes, this.#newNode(without));
    }
  }

  #newNode(object: KubeObject): KubeObject {
    const prepared = prepareCreate(this.#nodes, object, {
      namespace: '',
      uid: this.#deps.uuid(),
      now: timestamp(this.#deps.clock.now()),
      suffix: '',
    });
    // A worker says what it is when it joins: unlike other kinds, its first status is its own.
    return prepareStatusUpdate(this.#nodes, object, prepared);
  }

  #registerAgain(name: string, given: KubeObject): Promise<KubeObject> {
    return this.#deps.registry.change(this.#nodes, '', name, (old) => {
      const { labels, annotations } = given.metadata ?? {};
      const merged: KubeObject = {
        ...old,
        metadata: {
          ...old.metadata,
          labels: { ...old.metadata?.labels, ...labels },
          annotations: { ...old.metadata?.annotations, ...annotations },
        },
      };
      const updated = prepareUpdate(this.#nodes, merged, old);
      const { status } = given as Node;
      const { metadata } = updated;
      return status
        ? prepareStatusUpdate(this.#nodes, { metadata, status } as KubeObject, updated)
        : updated;
    });
  }

  /** As the cache has it, which may be a moment old; asked for where it has none. */
  async #node(name: string): Promise<KubeObject | undefined> {
    const cached = this.#deps.watches.peek(this.#nodes, '', name);
    if (cached) return cached.object;
    try {
      return await this.#deps.registry.get(this.#nodes, name);
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found')) return undefined;
      throw thrown;
    }
  }

  async #setStatus(node: KubeObject, status: NodeStatus): Promise<void> {
    const name = node.metadata?.name ?? '';
    const { object } = decodeObject(this.#nodes, { metadata: { name }, status });
    await this.#deps.registry.change(this.#nodes, '', name, (old) =>
      prepareStatusUpdate(this.#nodes, object, old),
    );
  }

  async #renewLease(node: KubeObject, seconds: number, renewTime: string): Promise<void> {
    const { name = '', uid = '' } = node.metadata ?? {};
    const spec = { holderIdentity: name, leaseDurationSeconds: seconds, renewTime };
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid }];
    try {
      await this.#deps.registry.change(this.#leases, leaseNamespace, name, (old: Lease) => ({
        ...old,
        metadata: { ...old.metadata, ownerReferences },
        spec: { ...old.spec, ...spec },
      }));
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      const lease: Lease = {
        metadata: { name, namespace: leaseNamespace, ownerReferences },
        spec,
      };
      await this.#createLease(lease);
    }
  }

  async #createLease(lease: Lease): Promise<void> {
    try {
      await this.#deps.registry.create(this.#leases, lease, { namespace: leaseNamespace });
    } catch (thrown) {
      // Another beat of this node, over another master: as good as ours.
      if (!QuorateError.is(thrown, 'already-exists')) throw thrown;
    }
  }
}

function checkBeat({ node, leaseDurationSeconds: seconds }: Beat): void {
  if (node === '') throw badRequest('node: Required value');
  checkPathSegment('node', node);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > maxLeaseSeconds) {
    throw badRequest(
      `lease_duration_seconds: Invalid value: ${seconds}: must be from 1 to ${maxLeaseSeconds}`,
    );
  }
}
