import {
  allocatesNodePorts,
  claimKey,
  invalid,
  nodePortsOf,
  type KubeObject,
  type Resource,
  type Service,
} from '#shared/api';
import { type PortRange, QuorateError, type Rng } from '#shared/base';
import { type Allocator, type Held, randomTries } from './allocator.ts';

/**
 * Ports below this one are left to people who ask for one by name, as in Kubernetes: a 32nd of the
 * range, 16 to 128 of them, or none of a small range.
 */
function firstDynamic({ first, last }: PortRange): number {
  const size = last - first + 1;
  if (size <= 16) return first;
  return first + Math.min(Math.max(16, Math.floor(size / 32)), 128);
}

/** Node ports of Services: random, in order once the range is crowded. */
export function nodePorts(resource: Resource, range: PortRange, held: Held, rng: Rng): Allocator {
  const dynamic = firstDynamic(range);
  const random = (used: ReadonlySet<number>): number => {
    const port = dynamic + rng.int(range.last - dynamic + 1);
    return used.has(port) ? lowest(used) : port;
  };
  const lowest = (used: ReadonlySet<number>): number => {
    for (let port = dynamic; port <= range.last; port++) if (!used.has(port)) return port;
    for (let port = range.first; port < dynamic; port++) if (!used.has(port)) return port;
    throw new QuorateError(
      'resource-exhausted',
      `no node port is free in ${range.first}-${range.last}`,
    );
  };
  return {
    async allocate(object, attempt, old) {
      const { spec } = object as Service;
      if (!spec) return undefined;
      checkRange(resource, range, object, old);
      if (!allocatesNodePorts(spec) || (spec.ports ?? []).every((port) => port.nodePort)) {
        return undefined;
      }
      if (attempt < randomTries) return withPorts(object, new Set(), random);
      return withPorts(object, await heldPorts(resource, held), lowest);
    },
  };
}

/** Ports of one number share a node port, whatever their protocols. */
function withPorts(
  object: KubeObject,
  taken: ReadonlySet<number>,
  pick: (used: ReadonlySet<number>) => number,
): KubeObject {
  const { spec = {} } = object as Service;
  const ports = spec.ports ?? [];
  const used = new Set([...taken, ...nodePortsOf(spec)]);
  const byPort = new Map<number, number>();
  for (const { port, nodePort } of ports) if (nodePort) byPort.set(port, nodePort);
  const picked = ports.map((port) => {
    if (port.nodePort) return port;
    const nodePort = byPort.get(port.port) ?? pick(used);
    byPort.set(port.port, nodePort);
    used.add(nodePort);
    return { ...port, nodePort };
  });
  return { ...object, spec: { ...spec, ports: picked } } as KubeObject;
}

async function heldPorts(resource: Resource, held: Held): Promise<ReadonlySet<number>> {
  const sample = { spec: { ports: [{ port: 1, nodePort: 1 }] } } as KubeObject;
  const prefix = claimKey('nodeport/');
  return new Set(
    [...(await held(resource, sample))].map((key) => Number(key.slice(prefix.length))),
  );
}

/** Throws `invalid` for a port that is asked for now and is outside the range. */
function checkRange(
  resource: Resource,
  { first, last }: PortRange,
  object: KubeObject,
  old: KubeObject | undefined,
): void {
  const { spec: was } = (old ?? {}) as Service;
  const before = new Set(nodePortsOf(was));
  const { metadata, spec } = object as Service;
  for (const [i, { nodePort }] of (spec?.ports ?? []).entries()) {
    if (!nodePort || before.has(nodePort) || (nodePort >= first && nodePort <= last)) continue;
    const message = `Invalid value: ${nodePort}: provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
    const cause = { field: `spec.ports[${i}].nodePort`, message, reason: 'FieldValueInvalid' };
    throw invalid(resource, metadata?.name ?? '', [cause]);
  }
}
