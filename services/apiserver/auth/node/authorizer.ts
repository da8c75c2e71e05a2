import type { Attributes, ResourceAttributes } from '../attributes.ts';
import { type Authorizer, type Decision, noOpinion } from '../authorizer.ts';
import { nodeRules } from '../rbac/default-roles.ts';
import { allows } from '../rbac/rules.ts';
import type { User } from '../user.ts';
import { nodeOf } from './node-name.ts';
import { claimsOf, refersTo } from './pod-references.ts';
import type { PodsByNode } from './pods-by-node.ts';

const allowed: Decision = { verdict: 'allow', reason: '' };
const readVerbs = new Set(['get', 'list', 'watch']);
const leaseVerbs = new Set(['get', 'create', 'update', 'patch', 'delete']);

/** The name of the volume that a claim is bound to, as far as is known here. */
export type VolumeOfClaim = (namespace: string, claim: string) => string | undefined;

/** What agents may do: what every node may, and what the pods bound to this one need. */
export class NodeAuthorizer implements Authorizer {
  readonly #pods: PodsByNode;
  readonly #volumeOf: VolumeOfClaim;

  constructor(pods: PodsByNode, volumeOf: VolumeOfClaim) {
    this.#pods = pods;
    this.#volumeOf = volumeOf;
  }

  authorize(user: User, attributes: Attributes): Decision {
    const node = nodeOf(user);
    if (node === undefined || attributes.type === 'path') return noOpinion;
    const { group, resource } = attributes;
    if (group === '') {
      switch (resource) {
        case 'secrets':
        case 'configmaps':
        case 'persistentvolumeclaims':
          return this.#readReferenced(node, attributes, resource);
        case 'persistentvolumes':
          return this.#readClaimed(node, attributes);
        case 'serviceaccounts':
          return this.#createToken(node, attributes);
        default:
      }
    }
    if (group === 'coordination.k8s.io' && resource === 'leases') return ownLease(node, attributes);
    return nodeRules.some((rule) => allows(rule, attributes)) ? allowed : noOpinion;
  }

  #readReferenced(
    node: string,
    attributes: ResourceAttributes,
    kind: 'secrets' | 'configmaps' | 'persistentvolumeclaims',
  ): Decision {
    const { verb, name, subresource, resource } = attributes;
    if (!readVerbs.has(verb) || subresource !== '') {
      return no(`can only read resources of this type`);
    }
    if (name === '') return no('No Object name found');
    return this.#refers(node, attributes, kind)
      ? allowed
      : no(`no relationship found between node '${node}' and this object (${resource})`);
  }

  #readClaimed(node: string, { verb, name, subresource }: ResourceAttributes): Decision {
    if (!readVerbs.has(verb) || subresource !== '') {
      return no('can only read resources of this type');
    }
    if (name === '') return no('No Object name found');
    for (const pod of this.#pods.of(node)) {
      for (const claim of claimsOf(pod)) {
        if (this.#volumeOf(pod.metadata?.namespace ?? '', claim) === name) return allowed;
      }
    }
    return no(`no relationship found between node '${node}' and this object`);
  }

  #createToken(node: string, attributes: ResourceAttributes): Decision {
    const { verb, subresource } = attributes;
    if (subresource !== 'token') {
      return verb === 'get' && this.#refers(node, attributes, 'serviceaccounts')
        ? allowed
        : noOpinion;
    }
    if (verb !== 'create') return no('can only create tokens for individual service accounts');
    return this.#refers(node, attributes, 'serviceaccounts')
      ? allowed
      : no(`no relationship found between node '${node}' and this object`);
  }

  #refers(
    node: string,
    { namespace, name }: ResourceAttributes,
    kind: Parameters<typeof refersTo>[1],
  ): boolean {
    for (const pod of this.#pods.of(node)) {
      if (pod.metadata?.namespace === namespace && refersTo(pod, kind, name)) return true;
    }
    return false;
  }
}

const no = (reason: string): Decision => ({ verdict: 'none', reason });

/** The heartbeat of the node itself; a create does not say its name. */
function ownLease(node: string, { verb, namespace, name }: ResourceAttributes): Decision {
  if (!leaseVerbs.has(verb))
    return no('can only get, create, update, patch, or delete a node lease');
  if (namespace !== 'kube-node-lease') {
    return no(`can only access leases in the "kube-node-lease" system namespace`);
  }
  if (verb !== 'create' && name !== node) {
    return no('can only access node lease with the same name as the requesting node');
  }
  return allowed;
}
