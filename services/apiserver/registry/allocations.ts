import { QuorateError, type Rng } from '#shared/base';
import {
  claimKey,
  invalid,
  type KubeObject,
  type Node,
  type Resource,
  type Service,
} from '#shared/api';
import type { KvClient } from '#shared/client';
import { prefixEnd } from './keys.ts';

/**
 * A value the server picks for an object that came without one. The pick is only a guess: the
 * object's claim makes it unique, in the transaction that writes the object, and a lost race picks
 * again.
 */
export interface Allocator {
  /** The object with a value picked, or undefined where it needs none. */
  allocate(object: KubeObject, attempt: number): Promise<KubeObject | undefined>;
}

export function createAllocators(
  kv: KvClient,
  rng: Rng,
): (resource: Resource) => Allocator | undefined {
  const held = (resource: Resource, sample: KubeObject) => heldClaims(kv, resource, sample);
  return (resource) => {
    if (resource.group !== '') return undefined;
    if (resource.resource === 'services') return clusterIps(resource, held, rng);
    if (resource.resource === 'nodes') return podCidrs(resource, held);
    return undefined;
  };
}

type Held = (resource: Resource, sample: KubeObject) => Promise<ReadonlySet<string>>;

/** Every claim key of the same family as the one a sample object would hold. */
async function heldClaims(
  kv: KvClient,
  resource: Resource,
  sample: KubeObject,
): Promise<ReadonlySet<string>> {
  const claim = resource.claims?.(sample)[0] ?? '';
  const prefix = claimKey(claim.slice(0, claim.indexOf('/') + 1));
  const { kvs } = await kv.range({ key: prefix, rangeEnd: prefixEnd(prefix), keysOnly: true });
  return new Set(kvs.map(({ key }) => key));
}

const isHeld = (resource: Resource, held: ReadonlySet<string>, object: KubeObject): boolean =>
  (resource.claims?.(object) ?? []).some((claim) => held.has(claimKey(claim)));

/** Addresses below this one are left to people who ask for one by name, as Kubernetes does. */
const firstDynamicIp = 256;
const lastIp = 65_534;
const serviceIp = (n: number): string => `127.96.${n >> 8}.${n & 255}`;
const randomTries = 8;

/** Random, so that masters seldom meet; in order once the range is crowded. */
function clusterIps(resource: Resource, held: Held, rng: Rng): Allocator {
  const withIp = (service: Service, ip: string): KubeObject =>
    ({
      ...service,
      spec: {
        ...service.spec,
        clusterIP: ip,
        clusterIPs: [ip],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
      },
    }) as KubeObject;
  return {
    async allocate(object, attempt) {
      const service = object as Service;
      const { type, clusterIP } = service.spec ?? {};
      if (clusterIP) checkServiceIp(resource, service, clusterIP);
      if (type === 'ExternalName' || clusterIP) return undefined;
      if (attempt < randomTries) {
        const n = firstDynamicIp + rng.int(lastIp - firstDynamicIp + 1);
        return withIp(service, serviceIp(n));
      }
      const taken = await held(resource, withIp(service, serviceIp(firstDynamicIp)));
      for (let n = firstDynamicIp; n <= lastIp; n++) {
        const candidate = withIp(service, serviceIp(n));
        if (!isHeld(resource, taken, candidate)) return candidate;
      }
      throw new QuorateError('resource-exhausted', 'no Service address is free in 127.96.0.0/16');
    },
  };
}

/** Throws `invalid` for an address that was asked for and is outside the range. */
function checkServiceIp(resource: Resource, service: Service, ip: string): void {
  const [, high = 0, low = 0] = (/^127\.96\.(\d+)\.(\d+)$/.exec(ip) ?? []).map(Number);
  const n = high * 256 + low;
  if (ip === 'None' || (n >= 1 && n <= lastIp)) return;
  const message = `Invalid value: ["${ip}"]: failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is 127.96.0.0/16`;
  const cause = { field: 'spec.clusterIPs', message, reason: 'FieldValueInvalid' };
  throw invalid(resource, service.metadata?.name ?? '', [cause]);
}

/** 127.64.1.0/24 up to the last network below the Service range. */
const lastPodNetwork = 32 * 256 - 1;
const podNetwork = (n: number): string => `127.${64 + (n >> 8)}.${n & 255}.0/24`;

/** The lowest free network, so that a small cluster's addresses are easy to read. */
function podCidrs(resource: Resource, held: Held): Allocator {
  const withCidr = (node: Node, cidr: string): KubeObject =>
    ({ ...node, spec: { ...node.spec, podCIDR: cidr, podCIDRs: [cidr] } }) as KubeObject;
  return {
    async allocate(object) {
      const node = object as Node;
      if (node.spec?.podCIDR) return undefined;
      const taken = await held(resource, withCidr(node, podNetwork(1)));
      for (let n = 1; n <= lastPodNetwork; n++) {
        const candidate = withCidr(node, podNetwork(n));
        if (!isHeld(resource, taken, candidate)) return candidate;
      }
      throw new QuorateError('resource-exhausted', 'no pod network is free in 127.64.0.0/11');
    },
  };
}
