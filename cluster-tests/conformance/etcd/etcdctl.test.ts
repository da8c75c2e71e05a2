import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#shared/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differs } from './differences.ts';
import { Target } from './target.ts';

/** Debian's etcdctl as a process, against all endpoints at once. */
const target = new Target();
const dir = mkdtempSync(join(tmpdir(), 'quorate-etcdctl-'));
beforeAll(() => target.start());
afterAll(async () => {
  await target.stop();
  rmSync(dir, { recursive: true });
});

const run = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await target.etcdctl(args);
  if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
};

const refusal = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await target.etcdctl(args);
  expect(code).not.toBe(0);
  return stderr;
};

const json = async (...args: string[]): Promise<unknown> =>
  JSON.parse(await run(...args, '-w', 'json')) as unknown;

test('put, get, del', async () => {
  expect(await run('put', 'foo', 'bar')).toBe('OK');
  expect(await run('put', 'foo2', 'baz', '--prev-kv')).toBe('OK');
  expect(await run('get', 'foo')).toBe('foo\nbar');
  expect(await run('get', '--prefix', 'foo', '--print-value-only')).toBe('bar\nbaz');
  expect(await run('get', 'foo', 'foo9', '--keys-only', '--limit', '1')).toBe('foo');
  expect(await run('get', '--prefix', '', '-w', 'fields')).toMatch(/"Count" : 2/);
  expect(await run('del', '--prefix', 'foo')).toBe('2');
});

test('every way to get, put and del', async () => {
  for (const key of ['s/b', 's/a', 's/c']) await run('put', key, key.toUpperCase());
  const first = ((await json('get', 's/b')) as { header: { revision: number } }).header.revision;
  await run('put', 's/b', 'again');
  expect(await run('get', 's/b', `--rev=${first}`, '--print-value-only')).toBe('S/B');
  const order = ['--sort-by=MODIFY', '--order=DESCEND'];
  expect(await run('get', '--prefix', 's/', '--keys-only', ...order)).toBe('s/b\n\ns/c\n\ns/a');
  expect(await run('get', '--from-key', 's/b', '--keys-only')).toBe('s/b\n\ns/c');
  // Whichever member is asked answers this with what it has.
  await target.everywhere();
  expect(await run('get', '--prefix', 's/', '--consistency=s', '--keys-only', '--limit=2')).toBe(
    's/a\n\ns/b',
  );
  expect(await run('get', 's/b', '--hex', '--print-value-only')).toBe('\\x61\\x67\\x61\\x69\\x6e');
  expect((await target.etcdctl(['put', 's/in'], 'from stdin')).stdout).toBe('OK\n');
  expect(await run('put', 's/in', 'x', '--prev-kv')).toBe('OK\ns/in\nfrom stdin');
  expect(await refusal('put', 's/none', 'x', '--ignore-lease')).toContain('key not found');
  expect(await run('del', 's/a', 's/c', '--prev-kv')).toBe('2\ns/a\nS/A\ns/b\nagain');
  expect(await run('del', '--from-key', 's/')).toBe('2');
});

test('transactions, typed in', async () => {
  await run('put', 'txn', '1');
  const typed = 'value("txn") = "1"\nversion("gone") = "0"\n\nput txn 2\nget txn\n\ndel txn\n\n';
  const { stdout } = await target.etcdctl(['txn'], typed);
  expect(stdout).toBe('SUCCESS\n\nOK\n\ntxn\n2\n');
  const other = await target.etcdctl(['txn', '--interactive'], 'mod("txn") = "1"\n\n\ndel txn\n\n');
  expect(other.stdout).toMatch(/FAILURE\n\n1\n$/);
});

test('leases', async () => {
  const granted = await run('lease', 'grant', '60');
  const id = /^lease ([0-9a-f]+) granted with TTL\(60s\)$/.exec(granted)?.[1] ?? '';
  await run('put', '--lease', id, 'leased', 'x');
  await target.everywhere();
  expect(await run('lease', 'timetolive', id, '--keys')).toMatch(
    /granted with TTL\(60s\), remaining\(\d+s\), attached keys\(\[leased\]\)$/,
  );
  expect(await run('lease', 'keep-alive', '--once', id)).toMatch(/keepalived with TTL\(60\)$/);
  expect(await run('lease', 'list')).toContain(id);
  await run('lease', 'revoke', id);
  await target.everywhere();
  expect(await run('get', 'leased')).toBe('');
  expect(await run('lease', 'timetolive', id)).toBe(`lease ${id} already expired`);
});

test('watches: from a revision on, with what was before, and typed in', async () => {
  const { header } = (await json('put', 'w', '0')) as { header: { revision: number } };
  await run('put', 'w', '1');
  await run('del', 'w');
  const args = ['watch', 'w', `--rev=${header.revision}`, '--prev-kv'];
  expect(await target.etcdctlUntil(args, /DELETE\nw\n1\nw\n\n/)).toBe(
    'PUT\nw\n0\nPUT\nw\n0\nw\n1\nDELETE\nw\n1\nw\n\n',
  );
  const printed = await target.etcdctlUntil(['watch', '-i'], /later\n/, async (child, so) => {
    child.stdin?.write(`watch typed --rev=1\nprogress\n`);
    await run('put', 'typed', 'now');
    await eventually('the first event', () => so().includes('now') || undefined);
    await run('put', 'typed', 'later');
  });
  expect(printed).toContain('PUT\ntyped\nlater\n');
});

test('members: listed, updated, added as a learner, removed', async () => {
  const listed = (await json('member', 'list')) as {
    members: { ID: number; name: string; peerURLs: string[] }[];
  };
  expect(listed.members.map(({ name }) => name).sort()).toEqual(['m0', 'm1', 'm2']);
  expect((await run('member', 'list')).split('\n')).toHaveLength(3);
  const line = (await run('member', 'list')).split('\n')[0] ?? '';
  const [id = '', , , peerUrl = ''] = line.split(', ');
  expect(await run('member', 'update', id, `--peer-urls=${peerUrl}`)).toMatch(
    new RegExp(`^Member +${id} updated in cluster +[0-9a-f]+$`),
  );
  expect(await refusal('member', 'remove', 'beef')).toContain('etcdserver: member not found');
  const added = await eventually('a healthy cluster', async () => {
    const flags = ['--learner', '--peer-urls=http://127.0.0.1:2'];
    const { code, stdout, stderr } = await target.etcdctl(['member', 'add', 'new', ...flags]);
    if (code !== 0 && !stderr.includes('etcdserver: unhealthy cluster')) throw new Error(stderr);
    return code === 0 ? stdout : undefined;
  });
  const learner = /^Member +([0-9a-f]+) added to cluster/.exec(added)?.[1] ?? '';
  // etcdctl asks whichever member.
  await target.everywhere();
  expect(added).toContain('ETCD_INITIAL_CLUSTER_STATE="existing"');
  expect(await refusal('member', 'promote', learner)).toContain(
    'etcdserver: can only promote a learner member which is in sync with leader',
  );
  expect(await run('member', 'list')).toContain(
    `${learner}, unstarted, , http://127.0.0.1:2, , true`,
  );
  expect(await run('member', 'remove', learner)).toMatch(/^Member +[0-9a-f]+ removed from cluster/);
});

test('endpoints: status, health, hashes', async () => {
  const { stdout, stderr } = await target.etcdctl(['endpoint', 'health']);
  expect(`${stdout}${stderr}`.match(/is healthy/g)).toHaveLength(3);
  const statuses = await eventually('one leader', async () => {
    const seen = (await json('endpoint', 'status', '--cluster')) as {
      Status: { version: string; leader: number };
    }[];
    return new Set(seen.map(({ Status }) => Status.leader)).size === 1 ? seen : undefined;
  });
  expect(statuses).toHaveLength(3);
  const { version } = statuses[0]?.Status ?? {};
  expect(version).toBe(differs('version', { etcd: '3.4.23', quorate: '3.5.13' }));
  await target.everywhere();
  const hashes = (await json('endpoint', 'hashkv')) as { HashKV: { hash: number } }[];
  expect(new Set(hashes.map(({ HashKV }) => HashKV.hash)).size).toBe(1);
});

test('alarms and defragmentation', async () => {
  expect(await run('alarm', 'list')).toBe('');
  expect(await run('alarm', 'disarm')).toBe('');
  expect((await run('defrag')).match(/Finished defragmenting etcd member/g)).toHaveLength(3);
});

test('leadership moves', async () => {
  const leader = await target.members.leader();
  const lines = (await run('member', 'list')).split('\n').map((line) => line.split(', '));
  const idOf = (index: number): string =>
    lines.find(([, , name]) => name === `m${index}`)?.[0] ?? '';
  const to = (leader + 1) % 3;
  expect(await run('move-leader', idOf(to))).toBe(
    `Leadership transferred from ${idOf(leader)} to ${idOf(to)}`,
  );
  expect(await target.members.leader()).toBe(to);
  expect(await refusal('move-leader', 'beef')).toContain('bad leader transferee');
});

test('a snapshot is saved', async () => {
  const file = join(dir, 'snapshot.db');
  const endpoint = target.members.endpoints[0] ?? '';
  const { code, stderr } = await target.etcdctl([
    '--endpoints',
    endpoint,
    'snapshot',
    'save',
    file,
  ]);
  expect([code, stderr.includes('rror')]).toEqual([0, false]);
  expect(statSync(file).size % 512).toBe(32);
  const status = await target.etcdctl(['snapshot', 'status', file]);
  expect([status.code, status.stderr]).toEqual([0, '']);
});

test('compaction and its errors', async () => {
  await run('put', 'c', '1');
  const fields = await run('get', 'c', '-w', 'fields');
  const revision = /"Revision" : (\d+)/.exec(fields)?.[1] ?? '';
  await run('put', 'c', '2');
  expect(await run('compact', '--physical', String(Number(revision) + 1))).toMatch(
    /^compacted revision \d+$/,
  );
  const compacted = 'etcdserver: mvcc: required revision has been compacted';
  expect(await refusal('get', 'c', '--rev', revision)).toContain(compacted);
  expect(await refusal('compact', revision)).toContain(compacted);
  expect(await refusal('compact', '999999')).toContain('is a future revision');
  // A member that is behind has that revision yet.
  await target.everywhere();
  const watch = await target.etcdctl(['watch', 'c', `--rev=${revision}`]);
  expect(`${watch.stdout}${watch.stderr}`).toContain('required revision has been compacted');
});

test('a lock around a command, and who is locked out', async () => {
  expect(await run('lock', 'mutex', 'echo', 'held')).toBe('held');
  const printed = await target.etcdctlUntil(
    ['lock', 'mutex'],
    /^mutex\/[0-9a-f]+\n/,
    async (_, so) => {
      await eventually('the lock', () => so().includes('\n') || undefined);
      const other = await target.etcdctl(['get', '--prefix', 'mutex/']);
      expect(other.stdout).toContain(so().trim());
    },
  );
  expect(printed).toMatch(/^mutex\/[0-9a-f]+\n+$/);
});

test('an election, and who listens to it', async () => {
  const printed = await target.etcdctlUntil(['elect', 'office', 'me'], /\nme\n/, async () => {
    const listened = await target.etcdctlUntil(['elect', '--listen', 'office'], /\nme\n/);
    expect(listened).toMatch(/^office\/[0-9a-f]+\nme\n$/);
  });
  expect(printed).toMatch(/^office\/[0-9a-f]+\nme\n$/);
});

test('an unknown lease is refused in its words', async () => {
  expect(await refusal('put', 'x', 'y', '--lease', 'beef')).toContain(
    'etcdserver: requested lease not found',
  );
});
