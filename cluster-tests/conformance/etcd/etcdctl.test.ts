import { afterAll, beforeAll, expect, test } from 'vitest';
import { Target } from './target.ts';

/** Debian's etcdctl as a process, against all endpoints at once. */
const target = new Target();
beforeAll(() => target.start());
afterAll(() => target.stop());

const run = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await target.etcdctl(...args);
  if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
};

test('put, get, del', async () => {
  expect(await run('put', 'foo', 'bar')).toBe('OK');
  expect(await run('put', 'foo2', 'baz', '--prev-kv')).toBe('OK');
  expect(await run('get', 'foo')).toBe('foo\nbar');
  expect(await run('get', '--prefix', 'foo', '--print-value-only')).toBe('bar\nbaz');
  expect(await run('get', 'foo', 'foo9', '--keys-only', '--limit', '1')).toBe('foo');
  expect(await run('get', '--prefix', '', '-w', 'fields')).toMatch(/"Count" : 2/);
  expect(await run('del', '--prefix', 'foo')).toBe('2');
});

test('leases', async () => {
  const granted = await run('lease', 'grant', '60');
  const id = /^lease ([0-9a-f]+) granted with TTL\(60s\)$/.exec(granted)?.[1] ?? '';
  await run('put', '--lease', id, 'leased', 'x');
  expect(await run('lease', 'timetolive', id, '--keys')).toMatch(
    /granted with TTL\(60s\), remaining\(\d+s\), attached keys\(\[leased\]\)$/,
  );
  expect(await run('lease', 'keep-alive', '--once', id)).toMatch(/keepalived with TTL\(60\)$/);
  expect(await run('lease', 'list')).toContain(id);
  await run('lease', 'revoke', id);
  expect(await run('get', 'leased')).toBe('');
});

test('endpoints, members, hashes', async () => {
  expect((await run('member', 'list')).split('\n')).toHaveLength(3);
  const { stdout, stderr } = await target.etcdctl('endpoint', 'health');
  expect(`${stdout}${stderr}`.match(/is healthy/g)).toHaveLength(3);
  const statuses = JSON.parse(await run('endpoint', 'status', '-w', 'json')) as unknown[];
  expect(statuses).toHaveLength(3);
  expect((await run('endpoint', 'hashkv')).split('\n')).toHaveLength(3);
});

test('compaction and its errors', async () => {
  await run('put', 'c', '1');
  const fields = await run('get', 'c', '-w', 'fields');
  const revision = /"Revision" : (\d+)/.exec(fields)?.[1] ?? '';
  await run('put', 'c', '2');
  expect(await run('compact', String(Number(revision) + 1))).toMatch(/^compacted revision \d+$/);
  const old = await target.etcdctl('get', 'c', '--rev', revision);
  expect(old.code).toBe(1);
  expect(old.stderr).toContain('etcdserver: mvcc: required revision has been compacted');
});

test('a lock around a command', async () => {
  expect(await run('lock', 'mutex', 'echo', 'held')).toBe('held');
});

test('an unknown lease is refused in its words', async () => {
  const { code, stderr } = await target.etcdctl('put', 'x', 'y', '--lease', 'beef');
  expect(code).toBe(1);
  expect(stderr).toContain('etcdserver: requested lease not found');
});
