import { type IpRange, parseIpRange, parsePortRange, QuorateError, type Rng } from '#shared/base';
import {
  claimKey,
  invalid,
  type KubeObject,
  type Node,
  type Resource,
  type Service,
} from '#shared/api';
import type { KvClient } from '#shared/client';
import { type Allocator, type Held, inOrder, randomTries } from './allocator.ts';
import { prefixEnd } from './keys.ts';
import { nodePorts } from './node-ports.ts';

/** Where Services and pods get their addresses from, as IPv4 networks. */
export interface Networks {
  /** Each node gets 256 addresses of it. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The ports of the nodes that Services may have, such as `30000-32767`. */
  readonly nodePortRange: string;
}

export const defaultNetworks: Networks = {
  podCidr: '127.64.0.0/11',
  serviceCidr: '127.96.0.0/16',
  nodePortRange: '30000-32767',
};

export function createAllocators(
  kv: KvClient,
  rng: Rng,
  networks: Networks,
): (resource: Resource) => Allocator | undefined {
  const pods = parseIpRange('--pod-cidr', networks.podCidr);
  const services = parseIpRange('--service-cidr', networks.serviceCidr);
  const ports = parsePortRange('--service-node-port-range', networks.nodePortRange);
  const held: Held = (resource: Resource, sample: KubeObject) => heldClaims(kv, resource, sample);
  return (resource) => {
    if (resource.group !== '') return undefined;
    if (resource.resource === 'services') {
      const addresses = clusterIps(resource, services, held, rng);
      return inOrder(addresses, nodePorts(resource, ports, held, rng));
    }
    if (resource.resource === 'nodes') return podCidrs(resource, pods, held);
    return undefined;
  };
}

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

/**
 * Addresses below this one are left to people who ask for one by name: a sixteenth of the range,
 * 16 to 256 of them, as in Kubernetes.
 */
const firstDynamic = (range: IpRange): number =>
  Math.min(Math.max(16, Math.floor(range.size / 16)), 256, range.size - 1);

/** Random, so that masters seldom meet; in order once the range is crowded. */
function clusterIps(resource: Resource, range: IpRange, held: Held, rng: Rng): Allocator {
  const first = firstDynamic(range);
  const last = range.size - 2;
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
      if (clusterIP) checkServiceIp(resource, range, service, clusterIP);
      if (type === 'ExternalName' || clusterIP) return undefined;
      if (attempt < randomTries) {
        return withIp(service, range.address(first + rng.int(last - first + 1)));
      }
      const taken = await held(resource, withIp(service, range.address(first)));
      for (let n = first; n <= last; n++) {
        const candidate = withIp(service, range.address(n));
        if (!isHeld(resource, taken, candidate)) return candidate;
      }
      throw new QuorateError('resource-exhausted', `no Service address is free in ${range.cidr}`);
    },
  };
}

/** Throws `invalid` for an address that was asked for and is outside the range. */
function checkServiceIp(resource: Resource, range: IpRange, service: Service, ip: string): void {
  const n = range.position(ip) ?? 0;
  if (ip === 'None' || (n >= 1 && n <= range.size - 2)) return;
  const message = `Invalid value: ["${ip}"]: failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range.cidr}`;
  const cause = { field: 'spec.clusterIPs', message, reason: 'FieldValueInvalid' };
  throw invalid(resource, service.metadata?.name ?? '', [cause]);
}

const addressesPerNode = 256;

/** The lowest free network, so that a small cluster's addresses are easy to read. */
function podCidrs(resource: Resource, range: IpRange, held: Held): Allocator {
  const network = (n: number): string => `${range.address(n * addressesPerNode)}/24`;
  const withCidr = (node: Node, cidr: string): KubeObject =>
    ({ ...node, spec: { ...node.spec, podCIDR: cidr, podCIDRs: [cidr] } }) as KubeObject;
  return {
    async allocate(object) {
      const node = object as Node;
      if (node.spec?.podCIDR) return undefined;
      const taken = await held(resource, withCidr(node, network(1)));
      for (let n = 1; n < range.size / addressesPerNode; n++) {
        const candidate = withCidr(node, network(n));
        if (!isHeld(resource, taken, candidate)) return candidate;
      }
      throw new QuorateError('resource-exhausted', `no pod network is free in ${range.cidr}`);
    },
  };
}
