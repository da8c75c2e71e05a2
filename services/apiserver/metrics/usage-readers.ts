import { type KubeObject, type Node, notFound, type Pod, refs } from '#shared/api';
import type { ListOptions, NodeUsage, ObjectList, Usage } from '#shared/client';
import type { Logger } from '#shared/runtime';
import type { PodAccess } from '../pods/pod-access.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import type { Readers } from '../requests/readers.ts';

export interface UsageReadersDeps {
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly pods: PodAccess;
  readonly log: Logger;
}

/** Agents asked at once for one answer. */
const askedAtOnce = 50;

/** metrics.k8s.io: what nodes and pods use, asked of the agents then and there. */
export function usageReaders({ registry, kinds, pods, log }: UsageReadersDeps): Readers {
  const allPods = kinds.builtin(refs.pods);
  const allNodes = kinds.builtin(refs.nodes);
  /** Of those nodes whose agents answer: the others have no metrics. */
  const usageOf = async (names: readonly string[]): Promise<Map<string, NodeUsage>> => {
    const found = new Map<string, NodeUsage>();
    const left = [...new Set(names)];
    const ask = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) {
        try {
          found.set(name, await pods.usage(name));
        } catch (error) {
          log.debug({ err: error, node: name }, 'no metrics of a node');
        }
      }
    };
    await Promise.all(Array.from({ length: askedAtOnce }, ask));
    return found;
  };
  const podMetrics = async (list: readonly Pod[]): Promise<KubeObject[]> => {
    const usage = await usageOf(list.flatMap(({ spec }) => spec?.nodeName || []));
    return list.flatMap((pod) => describePod(pod, usage.get(pod.spec?.nodeName ?? '')) ?? []);
  };
  const nodeMetrics = async (list: readonly Node[]): Promise<KubeObject[]> => {
    const usage = await usageOf(list.map(({ metadata }) => metadata?.name ?? ''));
    return list.flatMap((node) => {
      const used = usage.get(node.metadata?.name ?? '')?.node;
      return used ? [{ ...head('NodeMetrics', node, used), usage: quantities(used) }] : [];
    });
  };
  const answer = (items: KubeObject[], { resourceVersion }: ObjectList): ObjectList => ({
    items,
    resourceVersion,
  });
  return {
    'metrics.k8s.io/pods': {
      async get({ name, namespace }) {
        const pod: Pod = await registry.get(allPods, name, namespace);
        const [found] = await podMetrics([pod]);
        if (found) return found;
        throw notFound({ group: 'metrics.k8s.io', resource: 'podmetrics' }, `${namespace}/${name}`);
      },
      async list(options: ListOptions) {
        const list = await registry.list(allPods, { ...options, limit: undefined });
        return answer(await podMetrics(list.items), list);
      },
    },
    'metrics.k8s.io/nodes': {
      async get({ name }) {
        const [found] = await nodeMetrics([await registry.get(allNodes, name)]);
        if (found) return found;
        throw notFound({ group: 'metrics.k8s.io', resource: 'nodemetrics' }, name);
      },
      async list(options: ListOptions) {
        const list = await registry.list(allNodes, { ...options, limit: undefined });
        return answer(await nodeMetrics(list.items), list);
      },
    },
  };
}

/** Undefined for a pod of which nothing runs. */
function describePod(pod: Pod, usage: NodeUsage | undefined): KubeObject | undefined {
  const uid = pod.metadata?.uid;
  const own = (usage?.containers ?? []).filter(({ podUid }) => podUid === uid);
  const [first] = own;
  if (!first) return undefined;
  const containers = own.map(({ container, usage: used }) => ({
    name: container,
    usage: quantities(used),
  }));
  return { ...head('PodMetrics', pod, first.usage), containers } as KubeObject;
}

function head(kind: string, { metadata }: KubeObject, { timeMs, windowMs }: Usage): KubeObject {
  const { name, namespace, labels } = metadata ?? {};
  const time = `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
  return {
    kind,
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      creationTimestamp: time,
    },
    timestamp: time,
    window: `${(windowMs / 1000).toFixed(3)}s`,
  } as KubeObject;
}

const quantities = ({ cpuNanocores, memoryBytes }: Usage) => ({
  cpu: `${cpuNanocores}n`,
  memory: `${Math.round(memoryBytes / 1024)}Ki`,
});
