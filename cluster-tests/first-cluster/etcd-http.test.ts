import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, type Lab, startLab } from '#shared/lab';

/** What curl, a browser, a probe or Prometheus asks of the etcd port, over HTTP/1.1. */
let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ workers: 0 });
});
afterAll(() => lab.destroy());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe.each([0, 1, 2])('HTTP/1.1 to master %i', (index) => {
  const url = (path: string): string => `http://${lab.endpoints[index]}${path}`;
  const post = async (path: string, body: object): Promise<Answer> => {
    const response = await fetch(url(path), { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const get = async (path: string): Promise<string> => (await fetch(url(path))).text();
  const key = base64(`http/${index}`);

  test('health, liveness, readiness and version', async () => {
    // A busy machine may elect anew at any time.
    const health = await eventually('a leader', async () => {
      const text = await get('/health');
      return text.includes('NO LEADER') ? undefined : text;
    });
    expect(JSON.parse(health)).toEqual({ health: 'true', reason: '' });
    expect(await get('/livez')).toBe('ok\n');
    expect(await get('/readyz?verbose')).toBe(
      '[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n',
    );
    expect(JSON.parse(await get('/version'))).toMatchObject({
      etcdserver: expect.stringMatching(/^3\.\d+\.\d+$/) as string,
    });
    expect((await fetch(url('/health'), { method: 'POST' })).status).toBe(405);
    expect((await fetch(url('/nothing'))).status).toBe(404);
  });

  test('metrics that dashboards of etcd ask for', async () => {
    const text = await eventually('a leader', async () => {
      const now = await get('/metrics');
      return /^etcd_server_has_leader 1$/m.test(now) ? now : undefined;
    });
    const value = (name: string): number =>
      Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
    expect(value('etcd_server_proposals_committed_total')).toBeGreaterThan(0);
    expect(value('etcd_disk_wal_fsync_duration_seconds_count')).toBeGreaterThan(0);
    expect(value('etcd_mvcc_db_total_size_in_bytes')).toBeGreaterThan(0);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(text).toMatch(/^grpc_server_handled_total\{grpc_code="OK",grpc_method="Put"/m);
  });

  test('the JSON gateway puts, reads, compares and deletes', async () => {
    expect((await post('/v3/kv/put', { key, value: base64('1') })).status).toBe(200);
    const { body } = await post('/v3/kv/range', { key });
    expect(body).toMatchObject({ count: '1', kvs: [{ key, value: base64('1'), version: '1' }] });
    const txn = await post('/v3/kv/txn', {
      compare: [{ key, target: 'VALUE', value: base64('1') }],
      success: [{ requestPut: { key, value: base64('2') } }],
    });
    expect(txn.body).toMatchObject({ succeeded: true });
    const deleted = await post('/v3/kv/deleterange', { key, prev_kv: true });
    expect(deleted.body).toMatchObject({ deleted: '1', prev_kvs: [{ value: base64('2') }] });
    const members = await post('/v3/cluster/member/list', {});
    expect(members.body['members']).toHaveLength(3);
    expect((await post('/v3/maintenance/status', {})).body).toHaveProperty('leader');
  });

  test('errors have etcd’s text and code', async () => {
    expect(await post('/v3/kv/put', {})).toEqual({
      status: 400,
      body: {
        error: 'etcdserver: key is not provided',
        message: 'etcdserver: key is not provided',
        code: 3,
      },
    });
    expect(await post('/v3/lease/revoke', { ID: '77' })).toMatchObject({
      status: 404,
      body: { message: 'etcdserver: requested lease not found', code: 5 },
    });
    expect((await post('/v3/kv/put', { key: 1 })).status).toBe(400);
  });

  test('a watch streams one line for each answer', async () => {
    const gone = new AbortController();
    const response = await fetch(url('/v3/watch'), {
      method: 'POST',
      body: JSON.stringify({ create_request: { key } }),
      signal: gone.signal,
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    })().catch(() => undefined);
    await eventually('created', () => text.includes('"created":true') || undefined);
    await post('/v3/kv/put', { key, value: base64('seen') });
    await post('/v3/kv/deleterange', { key });
    await eventually('both events, whole', () => /"type":"DELETE".*\n$/.test(text) || undefined);
    expect(text).toContain(base64('seen'));
    for (const line of text.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('result');
    gone.abort();
    await reading;
  });

  test('locks and elections', async () => {
    const lease = await post('/v3/lease/grant', { TTL: '60' });
    const held = await post('/v3/lock/lock', { name: key, lease: lease.body['ID'] });
    expect(held.body).toHaveProperty('key');
    expect((await post('/v3/lock/unlock', { key: held.body['key'] })).status).toBe(200);
    expect(await post('/v3/election/leader', { name: key })).toMatchObject({
      status: 500,
      body: { message: 'election: no leader' },
    });
    const won = await post('/v3/election/campaign', { name: key, value: base64('me') });
    expect(won.body).toHaveProperty('leader');
    const { body } = await post('/v3/election/leader', { name: key });
    expect(body).toMatchObject({ kv: { value: base64('me') } });
  });
});
