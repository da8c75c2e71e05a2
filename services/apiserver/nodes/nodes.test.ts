import { beforeEach, describe, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { type Lease, type Node, refs, type ResourceRef } from '#shared/api';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { serverUser } from '../auth/user.ts';
import { bootstrap } from '../bootstrap.ts';
import { type Core, createCore } from '../core.ts';
import { createInProcessClient } from '../in-process-client.ts';
import { codeOf, settleOn } from '../testing/api-on-mvcc.ts';
import { noAgent } from '../testing/no-agent.ts';

let core: Core;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  let uid = 0;
  core = createCore({
    kv: new MvccKv(clock),
    clock,
    log: silentLog,
    rng: createRng(1),
    uuid: () => `uid-${++uid}`,
    connectAgent: () => Promise.resolve(noAgent()),
  });
  const { signal } = new AbortController();
  await bootstrap(core.registry, core.kinds, clock, silentLog, signal);
  await core.watches.start(core.kinds.all());
});

const joining = (): Node => ({
  metadata: { name: 'w1', labels: { zone: 'a' } },
  status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] },
});

describe('registration', () => {
  it('stores the node with its status and gives it a pod network', async () => {
    const node = await core.requests.registerNode(serverUser, joining());
    expect(node.spec?.podCIDR).toBe('127.64.1.0/24');
    expect(node.status?.addresses).toHaveLength(1);
  });

  it('again keeps the network and what others set', async () => {
    const api = createInProcessClient(core, serverUser);
    const first = await core.requests.registerNode(serverUser, joining());
    await api.patch(refs.nodes, 'w1', 'merge', {
      metadata: { labels: { mine: 'x' } },
      spec: { unschedulable: true },
    });
    const again = await core.requests.registerNode(serverUser, {
      ...joining(),
      metadata: { name: 'w1' },
    });
    expect(again.spec).toMatchObject({ unschedulable: true, podCIDR: first.spec?.podCIDR });
    expect(again.metadata).toMatchObject({
      uid: first.metadata?.uid,
      labels: { zone: 'a', mine: 'x' },
    });
  });

  it('of a node that was deleted gives it the network that it had, if nobody else has that', async () => {
    const named = (name: string, podCIDR?: string): Node => ({
      ...joining(),
      metadata: { name },
      ...(podCIDR !== undefined && { spec: { podCIDR } }),
    });
    const networkOf = async (node: Node): Promise<string | undefined> =>
      (await core.requests.registerNode(serverUser, node)).spec?.podCIDR;
    await networkOf(named('w1'));
    const second = await networkOf(named('w2'));
    for (const name of ['w1', 'w2']) {
      await core.registry.delete(core.kinds.builtin(refs.nodes), name, {});
    }
    expect(await networkOf(named('w2', second))).toBe(second);
    expect(await networkOf(named('w1', second))).toBe('127.64.1.0/24');
  });

  it('at the same time on two servers is one registration', async () => {
    const both = await Promise.all([
      core.requests.registerNode(serverUser, joining()),
      core.requests.registerNode(serverUser, joining()),
    ]);
    expect(both[0]?.metadata?.uid).toBe(both[1]?.metadata?.uid);
  });

  it('answers what is no node', async () => {
    for (const body of [null, 'x', {}, { kind: 'Pod' }, { metadata: { name: 'a/b' } }]) {
      expect(await codeOf(core.requests.registerNode(serverUser, body))).toMatch(
        /^(bad-request|invalid)$/,
      );
    }
  });
});

describe('a heartbeat', () => {
  const beat = (status?: Node['status']) =>
    settleOn(
      clock,
      core.requests.beat(serverUser, { node: 'w1', leaseDurationSeconds: 4, status }),
    );
  const get = (ref: ResourceRef, namespace?: string) =>
    settleOn(clock, core.registry.get(core.kinds.builtin(ref), 'w1', namespace));
  const lease = async () => (await get(refs.leases, 'kube-node-lease')) as Lease;

  it('renews the lease, which belongs to the node', async () => {
    const node = await core.requests.registerNode(serverUser, joining());
    expect(await beat()).toEqual({ renewTime: '2026-01-01T00:00:00.000000Z', unknownNode: false });
    await clock.advance(1_500);
    await beat();
    const { metadata, spec } = await lease();
    expect(spec).toEqual({
      holderIdentity: 'w1',
      leaseDurationSeconds: 4,
      renewTime: '2026-01-01T00:00:01.500000Z',
    });
    expect(metadata?.ownerReferences).toMatchObject([{ kind: 'Node', uid: node.metadata?.uid }]);
  });

  it('replaces the status where it carries one', async () => {
    await core.requests.registerNode(serverUser, joining());
    await beat({ conditions: [{ type: 'Ready', status: 'True' }] });
    const node: Node = await get(refs.nodes);
    expect(node.status).toEqual({ conditions: [{ type: 'Ready', status: 'True' }] });
    expect(await codeOf(beat({ conditions: 'x' } as unknown as Node['status']))).toBe(
      'bad-request',
    );
  });

  it('of a node that is gone says so', async () => {
    expect((await beat()).unknownNode).toBe(true);
    await core.requests.registerNode(serverUser, joining());
    await core.registry.delete(core.kinds.builtin(refs.nodes), 'w1', {});
    await clock.advance(0);
    expect((await beat()).unknownNode).toBe(true);
  });
});
