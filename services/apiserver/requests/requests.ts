import { forbiddenTo, type KubeObject, type Node, refs } from '#shared/api';
import type { Elections } from '../elections/elections.ts';
import type { Beat, BeatAnswer, Nodes } from '../nodes/nodes.ts';
import { type Authorizer, insist } from '../auth/authorizer.ts';
import { nodeOf } from '../auth/node/node-name.ts';
import type { User } from '../auth/user.ts';
import { Call, type CallDeps } from './call.ts';
import type { Place } from './place.ts';

export interface RequestsDeps extends CallDeps {
  readonly authorizer: Authorizer;
  readonly elections: Elections;
  readonly nodes: Nodes;
}

/**
 * The one way from a caller to what this server does, for every door: authorization first, then the
 * verbs. Who the caller is, the door has found out. Knows nothing of transports.
 */
export class Requests {
  readonly #deps: RequestsDeps;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  /** Throws `forbidden`; whether there is such a kind or object is not looked at. */
  async authorize(user: User, verb: string, place: Place): Promise<Call> {
    const { ref, name, subresource } = place;
    // A namespace lies in itself, so that a role there can speak of it.
    const isNamespace = ref.group === '' && ref.resource === 'namespaces';
    const namespace = isNamespace && name !== '' ? name : place.namespace;
    await insist(this.#deps.authorizer, user, {
      type: 'resource',
      verb,
      ...ref,
      namespace,
      name,
      subresource,
    });
    return new Call(this.#deps, user, place);
  }

  /** For what is no resource, such as /version. Throws `forbidden`. */
  authorizePath(user: User, verb: string, path: string): Promise<void> {
    return insist(this.#deps.authorizer, user, { type: 'path', verb, path });
  }

  /** Elections for whoever may write (`update`) or read (`get`) the Lease that mirrors one. */
  async election(user: User, verb: 'get' | 'update', election: string): Promise<Elections> {
    await this.authorize(user, verb, {
      ref: refs.leases,
      namespace: 'kube-system',
      name: election,
      subresource: '',
    });
    return this.#deps.elections;
  }

  async registerNode(user: User, body: unknown): Promise<Node> {
    const given: unknown = (body as KubeObject | null | undefined)?.metadata?.name;
    // Of another type it is refused when it is read.
    const name = typeof given === 'string' ? given : '';
    checkOwnNode(user, name);
    const node = { ref: refs.nodes, namespace: '', name };
    await this.authorize(user, 'create', { ...node, subresource: '' });
    await this.authorize(user, 'update', { ...node, subresource: 'status' });
    return this.#deps.nodes.register(body);
  }

  async beat(user: User, beat: Beat): Promise<BeatAnswer> {
    checkOwnNode(user, beat.node);
    const lease = { ref: refs.leases, namespace: 'kube-node-lease', subresource: '' };
    await this.authorize(user, 'update', { ...lease, name: beat.node });
    if (beat.status) {
      const node = { ref: refs.nodes, namespace: '', name: beat.node };
      await this.authorize(user, 'update', { ...node, subresource: 'status' });
    }
    return this.#deps.nodes.beat(beat);
  }
}

/** An agent speaks for its own node alone. */
function checkOwnNode(user: User, name: string): void {
  const own = nodeOf(user);
  if (own === undefined || own === name) return;
  throw forbiddenTo(
    refs.nodes,
    name,
    `node ${JSON.stringify(own)} is not allowed to modify node ${JSON.stringify(name)}`,
  );
}
