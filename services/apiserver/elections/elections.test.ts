import { beforeEach, describe, expect, it } from 'vitest';
import { type Lease, refs } from '#shared/api';
import { codeOf, configMap, startApi, type TestApi } from '../testing/api-on-mvcc.ts';

let t: TestApi;
beforeEach(async () => {
  t = await startApi();
});

const campaign = (identity: string, waitMs = 0) =>
  t.api.campaign({ election: 'scheduler', identity, leaseSeconds: 5, waitMs });

describe('an election', () => {
  it('has one leader, and the same identity gets its token again', async () => {
    const first = await campaign('a');
    expect(first.elected).toBe(true);
    const second = await campaign('b');
    expect(second).toEqual({ elected: false, leader: first.leader });
    expect(await campaign('a')).toEqual(first);
  });

  it('lasts while it is renewed, by any server', async () => {
    const other = await t.another();
    const { leader } = await campaign('a');
    for (let i = 0; i < 10; i++) {
      await t.clock.advance(3_000);
      await (i % 2 ? other.api : t.api).renew(leader, 'a');
    }
    expect((await campaign('b')).elected).toBe(false);
  });

  it('passes on when the lease runs out, with a greater token', async () => {
    const first = await campaign('a');
    const waiting = campaign('b', 20_000);
    await t.clock.advance(7_000);
    const second = await t.settle(waiting);
    expect(second.elected).toBe(true);
    expect(second.leader.token).toBeGreaterThan(first.leader.token);
    await expect(t.api.renew(first.leader, 'a')).rejects.toMatchObject({ code: 'fenced' });
    expect((await campaign('a')).leader.identity).toBe('b');
  });

  it('waits for its own lease to go once that has run out, and leads anew', async () => {
    await t.clock.advance(250);
    const first = await campaign('a');
    // Run out, and the store has not got to its end yet.
    t.kv.leaseKeepAlive = () => Promise.resolve(0);
    const range = t.kv.range.bind(t.kv);
    let reads = 0;
    t.kv.range = (request) => {
      if (request.key.includes('elections')) reads++;
      return range(request);
    };
    const waiting = campaign('a', 10_000);
    await t.clock.advance(6_000);
    const second = await t.settle(waiting);
    expect(second.elected).toBe(true);
    expect(second.leader.token).toBeGreaterThan(first.leader.token);
    // Once before and once after, not all the time in between.
    expect(reads).toBe(2);
  });

  it('passes on at once when the leader resigns', async () => {
    const { leader } = await campaign('a');
    const waiting = campaign('b', 20_000);
    await t.clock.advance(0);
    await t.api.resign(leader, 'a');
    expect((await t.settle(waiting)).elected).toBe(true);
    await t.api.resign(leader, 'a');
    expect((await campaign('b')).elected).toBe(true);
  });

  it('answers a candidate that has waited long enough', async () => {
    await campaign('a');
    const waiting = campaign('b', 1_000);
    await t.clock.advance(1_000);
    expect(await t.settle(waiting)).toMatchObject({ elected: false, leader: { identity: 'a' } });
  });

  it('refuses what cannot be', async () => {
    const base = { election: 'x', identity: 'a', leaseSeconds: 5, waitMs: 0 };
    for (const wrong of [
      { ...base, election: 'a/b' },
      { ...base, identity: '' },
      { ...base, leaseSeconds: 1 },
      { ...base, leaseSeconds: 2.5 },
      { ...base, waitMs: -1 },
    ]) {
      expect(await codeOf(t.api.campaign(wrong))).toBe('bad-request');
    }
  });

  it('is mirrored into a Lease', async () => {
    const { leader } = await campaign('a');
    const read = () => t.api.get<Lease>(refs.leases, 'scheduler', 'kube-system');
    await t.clock.advance(0);
    expect((await read()).spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
    await t.api.resign(leader, 'a');
    await campaign('b');
    await t.clock.advance(0);
    expect((await read()).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });
});

describe('a fence', () => {
  it('tells nobody who led before that all is as they want it', async () => {
    const { leader } = await campaign('a');
    const fence = { election: 'scheduler', token: leader.token };
    await t.api.create(refs.configMaps, configMap('x'));
    const nothing = () => [
      t.api.update(refs.configMaps, configMap('x'), { fence }),
      t.api.patch(refs.configMaps, 'x', 'merge', {}, { fence }),
      t.api.patch(refs.configMaps, 'x', 'merge', {}, { fence, dryRun: true }),
    ];
    const { revision } = t.kv.mvcc;
    expect(await Promise.all(nothing().map(codeOf))).toEqual(['ok', 'ok', 'ok']);
    expect(t.kv.mvcc.revision).toBe(revision);
    await t.clock.advance(10_000);
    expect(await Promise.all(nothing().map(codeOf))).toEqual(['fenced', 'fenced', 'fenced']);
  });

  it('lets the leader write, and nobody who led before', async () => {
    const { leader } = await campaign('a');
    const fence = { election: 'scheduler', token: leader.token };
    await t.api.create(refs.configMaps, configMap('x'), { fence });
    await t.clock.advance(10_000);
    const late = [
      t.api.create(refs.configMaps, configMap('y'), { fence }),
      t.api.update(refs.configMaps, configMap('x', { n: '1' }), { fence }),
      t.api.patch(refs.configMaps, 'x', 'merge', { data: { n: '1' } }, { fence }),
      t.api.delete(refs.configMaps, 'x', { fence }),
    ];
    expect(await Promise.all(late.map(codeOf))).toEqual(['fenced', 'fenced', 'fenced', 'fenced']);
    const next = await campaign('b');
    expect(await codeOf(t.api.delete(refs.configMaps, 'x', { fence }))).toBe('fenced');
    const { token } = next.leader;
    const theirs = { election: 'scheduler', token };
    expect(await codeOf(t.api.delete(refs.configMaps, 'x', { fence: theirs }))).toBe('ok');
  });
});
