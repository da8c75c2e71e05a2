import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differs } from './differences.ts';
import { type Api, bytes, Target } from './target.ts';

const target = new Target();
let apis: Api[];
beforeAll(async () => {
  await target.start();
  apis = [0, 1, 2].map((index) => target.api(index));
});
afterAll(() => target.stop());

describe.each([0, 1, 2])('watch at member %i', (index) => {
  const at = (name: string): Buffer => bytes(`w/${index}/${name}`);
  const api = (): Api => apis[index] as Api;
  const put = (name: string, value: string) => api().kv.put({ key: at(name), value: bytes(value) });
  // etcd watches from the revision that it has when it is asked, and is compacted beyond that when it hears of more.
  beforeAll(() => target.everywhere());

  test('created first, then events in order, one response for one revision', async () => {
    const watch = api().watch();
    const created = await watch.create({ key: at('a'), range_end: at('b') });
    expect(created).toMatchObject({ created: true, canceled: false, events: [] });
    await put('a1', '1');
    await put('a2', '2');
    await api().kv.deleteRange({ key: at('a1') });
    expect(await watch.events(3)).toEqual([
      `PUT ${at('a1').toString()}=1`,
      `PUT ${at('a2').toString()}=2`,
      `DELETE ${at('a1').toString()}=`,
    ]);
    const txn = await api().kv.txn({
      success: [
        { request_put: { key: at('a3'), value: bytes('x') } },
        { request_put: { key: at('a4'), value: bytes('y') } },
      ],
    });
    const response = await watch.next();
    expect(response.events.map(({ kv }) => kv?.mod_revision)).toEqual([
      txn.header?.revision,
      txn.header?.revision,
    ]);
    watch.close();
  });

  test('from a past revision, with previous values', async () => {
    const first = (await put('old', '1')).header?.revision;
    await put('old', '2');
    const watch = api().watch();
    await watch.create({ key: at('old'), start_revision: first ?? 0, prev_kv: true });
    const seen: (string | undefined)[] = [];
    while (seen.length < 2) {
      for (const { prev_kv } of (await watch.next()).events) seen.push(prev_kv?.value.toString());
    }
    expect(seen).toEqual([undefined, '1']);
    watch.close();
  });

  test('filters', async () => {
    const watch = api().watch();
    await watch.create({ key: at('f'), filters: ['NOPUT'] });
    await put('f', '1');
    await api().kv.deleteRange({ key: at('f') });
    expect(await watch.events(1)).toEqual([`DELETE ${at('f').toString()}=`]);
    watch.close();
    const other = api().watch();
    await other.create({ key: at('f'), filters: ['NODELETE'] });
    await put('f', '2');
    await api().kv.deleteRange({ key: at('f') });
    await put('f', '3');
    expect(await other.events(2)).toEqual([
      `PUT ${at('f').toString()}=2`,
      `PUT ${at('f').toString()}=3`,
    ]);
    other.close();
  });

  test('several watches on one stream, and one of them cancelled', async () => {
    const watch = api().watch();
    const one = await watch.create({ key: at('m1') });
    const two = await watch.create({ key: at('m2') });
    expect(one.watch_id).not.toBe(two.watch_id);
    await put('m2', '1');
    expect((await watch.next()).watch_id).toBe(two.watch_id);
    watch.send({ cancel_request: { watch_id: one.watch_id } });
    expect(await watch.next()).toMatchObject({ watch_id: one.watch_id, canceled: true });
    await put('m1', '1');
    await put('m2', '2');
    expect((await watch.next()).watch_id).toBe(two.watch_id);
    watch.close();
  });

  test('ids of the client, and one taken twice', async () => {
    const watch = api().watch();
    expect(await watch.create({ key: at('id'), watch_id: 77 })).toMatchObject({ watch_id: '77' });
    const twice = await watch.create({ key: at('id'), watch_id: 77 });
    expect(twice).toMatchObject({ canceled: true, watch_id: '-1' });
    watch.close();
  });

  test('a compacted start revision cancels and says from where to go on', async () => {
    const first = (await put('c', '1')).header?.revision ?? 0;
    const second = (await put('c', '2')).header?.revision ?? 0;
    await api().kv.compact({ revision: second });
    const watch = api().watch();
    watch.send({ create_request: { key: at('c'), start_revision: first } });
    expect(await watch.next()).toMatchObject({ created: true });
    const canceled = await watch.next();
    expect(canceled.canceled).toBe(true);
    expect(canceled.compact_revision).toBe(second);
    watch.close();
  });

  test('a start before all revisions is refused', async () => {
    const watch = api().watch();
    watch.send({ create_request: { key: at('negative'), start_revision: -5 } });
    const created = await watch.next();
    expect(created.created).toBe(true);
    const told = differs('a watch from a negative revision', { etcd: 'then', quorate: 'at once' });
    const ended = told === 'then' ? await watch.next() : created;
    expect(ended.canceled).toBe(true);
    const compacted = 'etcdserver: mvcc: required revision has been compacted';
    const refused = { watch_id: '-1', cancel_reason: compacted };
    expect(ended).toMatchObject(told === 'then' ? { watch_id: created.watch_id } : refused);
    watch.close();
  });

  test('a future start revision waits for it', async () => {
    const now = Number((await put('future', '0')).header?.revision);
    const watch = api().watch();
    await watch.create({ key: at('future'), start_revision: now + 2 });
    await put('future', '1');
    await put('future', '2');
    expect(await watch.events(1)).toEqual([`PUT ${at('future').toString()}=2`]);
    watch.close();
  });

  test('progress on request', async () => {
    const watch = api().watch();
    await watch.create({ key: at('progress') });
    await put('elsewhere', '1');
    watch.send({ progress_request: {} });
    const response = await watch.next();
    expect(response.events).toEqual([]);
    expect(Number(response.header?.revision)).toBeGreaterThan(0);
    watch.close();
  });

  test('fragments', async () => {
    const value = Buffer.alloc(700_000, 'v');
    for (const name of ['big1', 'big2', 'big3', 'big4']) {
      await api().kv.put({ key: at(name), value });
    }
    const range = { key: at('big'), range_end: at('bih') };
    const watch = api().watch();
    await watch.create({ ...range, prev_kv: true, fragment: true });
    // One revision, and more than one message can hold.
    await api().kv.deleteRange(range);
    let events = 0;
    let fragments = 0;
    while (events < 4) {
      const response = await watch.next();
      events += response.events.length;
      if (response.fragment) fragments++;
    }
    expect(fragments).toBeGreaterThan(0);
    watch.close();
  });
});

test('a write at one member is seen by watches at all of them, with the same revision', async () => {
  const key = bytes('everywhere');
  await target.everywhere();
  const watches = apis.map((api) => api.watch());
  for (const watch of watches) await watch.create({ key });
  const { header } = await (apis[0] as Api).kv.put({ key, value: bytes('1') });
  for (const watch of watches) {
    expect((await watch.next()).events[0]?.kv?.mod_revision).toBe(header?.revision);
    watch.close();
  }
});
