import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '#shared/api';
import { createRng } from '#shared/base';
import { decide } from '../decide.ts';
import { failureText } from '../failure-text.ts';
import { nodeInfo, podInfo, withPromised } from '../node-info.ts';

type Spec = NonNullable<Pod['spec']>;

const rng = createRng(1);

/** A node in a zone: `a1` is the first of zone `a`; `-` has none. */
function node(name: string): Node {
  const zone = name[0] ?? '';
  const labels = { host: name, ...(zone !== '-' && { zone }) };
  return { metadata: { name, labels }, status: { allocatable: { cpu: '8', memory: '8Gi' } } };
}

let made = 0;
function pod(app: string, spec: Partial<Spec> = {}, namespace = 'default'): Pod {
  const uid = `uid-${++made}`;
  return {
    metadata: { name: uid, namespace, uid, labels: { app } },
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}

const required = (app: string, topologyKey: string, more: object = {}) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [
    { labelSelector: { matchLabels: { app } }, topologyKey, ...more },
  ],
});
const near = (app: string, key: string, more: object = {}): Partial<Spec> => ({
  affinity: { podAffinity: required(app, key, more) },
});
const apart = (app: string, key: string, more: object = {}): Partial<Spec> => ({
  affinity: { podAntiAffinity: required(app, key, more) },
});

function spreading(over: object = {}): Partial<Spec> {
  const labelSelector = { matchLabels: { app: 'web' } };
  const constraint = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' };
  return { topologySpreadConstraints: [{ ...constraint, labelSelector, ...over }] };
}

/** Where the pod goes, or why nowhere; pods by their node's name. */
function place(wanted: Pod, cluster: Readonly<Record<string, readonly Pod[]>>): string {
  const infos = Object.entries(cluster).map(([name, pods]) =>
    nodeInfo(
      node(name),
      pods.map((each) => podInfo(each)),
    ),
  );
  const decision = decide(podInfo(wanted), infos, rng);
  return decision.node ?? failureText(decision.verdicts);
}

describe('affinity between pods', () => {
  it('brings a pod to the place of those it wants, in its namespace or in those it names', () => {
    const cluster = { a1: [], b1: [pod('db')], b2: [pod('x'), pod('x')], '-1': [] };
    expect(place(pod('web', near('db', 'host')), cluster)).toBe('b1');
    expect(['b1', 'b2']).toContain(place(pod('web', near('db', 'zone')), cluster));
    expect(place(pod('web', near('db', 'host'), 'other'), cluster)).toBe(
      "0/4 nodes are available: 4 node(s) didn't match pod affinity rules.",
    );
    const everywhere = { namespaceSelector: {} };
    expect(place(pod('web', near('db', 'host', everywhere), 'other'), cluster)).toBe('b1');
    const named = { namespaces: ['default'] };
    expect(place(pod('web', near('db', 'host', named), 'other'), cluster)).toBe('b1');
  });

  it('neither brings a pod to one that a node is only promised to, nor lets it in its way', () => {
    const [empty, other] = ['a1', 'b1'].map((name) => nodeInfo(node(name), []));
    const cluster = [withPromised(empty!, podInfo(pod('db'))), other!];
    const choose = (spec: Partial<Spec>) => decide(podInfo(pod('web', spec)), cluster, rng).node;
    expect(choose(near('db', 'host'))).toBeUndefined();
    expect(choose(apart('db', 'host'))).toBe('b1');
  });

  it('lets the first of a group be where it likes, if there is a place at all', () => {
    expect(place(pod('web', near('web', 'zone')), { a1: [] })).toBe('a1');
    expect(place(pod('web', near('web', 'zone')), { '-1': [] })).toContain('pod affinity rules');
    expect(place(pod('web', near('db', 'zone')), { a1: [] })).toContain('pod affinity rules');
  });

  it('keeps pods apart, whichever of them asks for it', () => {
    const cluster = { a1: [pod('web')], a2: [], b1: [] };
    expect(place(pod('web', apart('web', 'zone')), cluster)).toBe('b1');
    expect(place(pod('web', apart('web', 'host')), { a1: [pod('web')] })).toBe(
      "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.",
    );
    const guarded = { a1: [pod('db', apart('web', 'zone'))], a2: [], b1: [] };
    expect(place(pod('web'), guarded)).toBe('b1');
    expect(place(pod('web'), { a1: [pod('db', apart('web', 'zone'))], a2: [] })).toBe(
      "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.",
    );
  });

  it('prefers what it only prefers', () => {
    const labelSelector = { matchLabels: { app: 'db' } };
    const podAffinityTerm = { labelSelector, topologyKey: 'host' };
    const preferred = {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
    };
    const cluster = { a1: [], b1: [pod('db')] };
    expect(place(pod('web', { affinity: { podAffinity: preferred } }), cluster)).toBe('b1');
    expect(place(pod('web', { affinity: { podAntiAffinity: preferred } }), cluster)).toBe('a1');
  });
});

describe('topology spread constraints', () => {
  it('hold the difference between places down', () => {
    const cluster = { a1: [pod('web')], a2: [], b1: [pod('x'), pod('x')] };
    expect(place(pod('web', spreading()), cluster)).toBe('b1');
    // A place that the pod could not have counts only where the constraint says so.
    const narrow = { ...spreading(), nodeSelector: { host: 'a1' } };
    expect(place(pod('web', narrow), { a1: [pod('web')], b1: [] })).toBe('a1');
    const honest = { ...spreading({ nodeAffinityPolicy: 'Ignore' }), nodeSelector: { host: 'a1' } };
    expect(place(pod('web', honest), { a1: [pod('web')], b1: [] })).toContain(
      "1 node(s) didn't match pod topology spread constraints",
    );
  });

  it('refuse nodes without the label, and say so', () => {
    expect(place(pod('web', spreading()), { '-1': [] })).toBe(
      "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).",
    );
    const few = spreading({ minDomains: 2 });
    expect(place(pod('web', few), { a1: [pod('web')] })).toBe(
      "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.",
    );
  });

  it('count no pods that are leaving', () => {
    const leaving = pod('web');
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    const gone = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp } };
    const cluster = { a1: [gone], b1: [pod('web')] };
    expect(place(pod('web', spreading()), cluster)).toBe('a1');
  });

  it('are wishes where they say ScheduleAnyway', () => {
    const soft = spreading({ whenUnsatisfiable: 'ScheduleAnyway' });
    expect(place(pod('web', soft), { a1: [pod('web')], b1: [] })).toBe('b1');
    expect(place(pod('web', soft), { a1: [pod('web')] })).toBe('a1');
  });
});
