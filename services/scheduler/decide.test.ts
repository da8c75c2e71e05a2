import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '#shared/api';
import { createRng } from '#shared/base';
import { decide } from './decide.ts';
import { failureText } from './failure-text.ts';
import { nodeInfo, podInfo } from './node-info.ts';

const rng = createRng(1);

function node(
  name: string,
  over: Partial<NonNullable<Node['spec']>> & {
    labels?: Record<string, string>;
    cpu?: string;
    pods?: string;
  } = {},
): Node {
  const { labels = {}, cpu = '2', pods = '110', ...spec } = over;
  return {
    metadata: { name, labels },
    spec,
    status: { allocatable: { cpu, memory: '4Gi', pods } },
  };
}

let made = 0;
function pod(spec: Partial<NonNullable<Pod['spec']>> = {}, cpu = '100m', owner?: string): Pod {
  const uid = `uid-${++made}`;
  const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', controller: true };
  return {
    metadata: {
      name: uid,
      namespace: 'default',
      uid,
      ...(owner !== undefined && { ownerReferences: [{ ...controller, uid: owner }] }),
    },
    spec: {
      containers: [{ name: 'a', resources: { requests: { cpu, memory: '64Mi' } } }],
      ...spec,
    },
  };
}

/** The node chosen, or the text of the refusal. */
function place(wanted: Pod, nodes: readonly (readonly [Node, ...Pod[]])[]): string {
  const infos = nodes.map(([on, ...pods]) =>
    nodeInfo(
      on,
      pods.map((pod) => podInfo(pod)),
    ),
  );
  const decision = decide(podInfo(wanted), infos, rng);
  return decision.node ?? failureText(decision.verdicts);
}

describe('the scheduling decision', () => {
  it('says why no node is fit, summed up as Kubernetes does', () => {
    const tainted = node('worker-2', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
    expect(place(pod({}, '3'), [[node('worker-1')], [tainted]])).toBe(
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}.',
    );
    expect(place(pod(), [])).toBe('no nodes available to schedule pods');
  });

  it('counts the requests of the pods that are there, and their number', () => {
    const nodes = [[node('a', { cpu: '1' }), pod({}, '600m')], [node('b', { cpu: '1' })]] as const;
    expect(place(pod({}, '500m'), nodes)).toBe('b');
    expect(place(pod({}, '1100m'), nodes)).toContain('2 Insufficient cpu');
    expect(place(pod(), [[node('a', { pods: '1' }), pod()]])).toContain('1 Too many pods');
  });

  it('spreads the pods of one controller before it fills nodes evenly', () => {
    const nodes = [
      [node('a'), pod({}, '100m', 'rs-1')],
      [node('b'), pod({}, '600m')],
    ] as const;
    expect(place(pod({}, '100m', 'rs-1'), nodes)).toBe('b');
    expect(place(pod({}, '100m', 'rs-2'), nodes)).toBe('a');
  });

  it.each([
    ['nodeSelector', { nodeSelector: { disk: 'ssd' } }],
    ['In', affinity('disk', 'In', ['ssd', 'nvme'])],
    ['NotIn', affinity('disk', 'NotIn', ['hdd'])],
    ['Exists', affinity('gpu', 'Exists')],
    ['DoesNotExist', affinity('slow', 'DoesNotExist')],
    ['Gt', affinity('size', 'Gt', ['5'])],
    ['nodeName', { nodeName: 'fast' }],
    ['preference', preference('disk', 'ssd')],
  ])('heeds %s', (_name, spec) => {
    const slow = node('slow', { labels: { disk: 'hdd', slow: '', size: '5' } });
    const fast = node('fast', { labels: { disk: 'ssd', gpu: '', size: '10' } });
    expect(place(pod(spec), [[slow], [fast]])).toBe('fast');
  });

  it('heeds taints by tolerations, and cordons', () => {
    const taint = { key: 'only', value: 'db', effect: 'NoExecute' };
    const tainted = node('a', { taints: [taint] });
    expect(place(pod(), [[tainted]])).toContain('untolerated taint {only: db}');
    for (const toleration of [
      { key: 'only', value: 'db' },
      { key: 'only', operator: 'Exists', effect: 'NoExecute' },
      { operator: 'Exists' },
    ]) {
      expect(place(pod({ tolerations: [toleration] }), [[tainted]])).toBe('a');
    }
    expect(place(pod({ tolerations: [{ key: 'only', value: 'x' }] }), [[tainted]])).toContain(
      '0/1',
    );
    expect(place(pod(), [[node('a', { unschedulable: true })]])).toContain('were unschedulable');
    const avoided = node('a', { taints: [{ key: 'x', effect: 'PreferNoSchedule' }] });
    expect(place(pod(), [[avoided], [node('b'), pod({}, '1')]])).toBe('b');
  });

  it('gives a host port once per node', () => {
    const wants = { containers: [{ name: 'a', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
    expect(place(pod(wants), [[node('a'), pod(wants)], [node('b')]])).toBe('b');
    expect(place(pod(wants), [[node('a'), pod(wants)]])).toContain("didn't have free ports");
  });

  it('breaks ties by the generator it is given', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((name) => [node(name)] as const);
    const chosen = new Set(Array.from({ length: 50 }, () => place(pod(), nodes)));
    expect(chosen.size).toBe(4);
  });

  it('counts init containers and sidecars as they run', () => {
    const requests = (cpu: string) => ({ name: cpu, resources: { requests: { cpu } } });
    const spec = {
      initContainers: [{ ...requests('500m'), restartPolicy: 'Always' }, requests('1200m')],
      containers: [requests('1')],
    };
    expect(podInfo(pod(spec)).requests['cpu']).toBe(1_700);
  });
});

function affinity(key: string, operator: string, values?: string[]) {
  const expression = { key, operator, ...(values && { values }) };
  const required = { nodeSelectorTerms: [{ matchExpressions: [expression] }] };
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
  return { affinity: { nodeAffinity } };
}

function preference(key: string, value: string) {
  const matchExpressions = [{ key, operator: 'In', values: [value] }];
  const preferred = [{ weight: 10, preference: { matchExpressions } }];
  const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: preferred };
  return { affinity: { nodeAffinity } };
}
