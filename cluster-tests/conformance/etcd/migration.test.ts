import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRng } from '#shared/base';
import { eventually } from '#shared/lab';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { etcd, inClearText } from '../../bench/members.ts';
import { Stores } from '../../store/stores.ts';
import { Api, bytes, target, Target, threeMembers } from './target.ts';

/** From a real etcd to ours, and back. There is nothing to prove on two etcds. */
describe.runIf(target === 'quorate')('migration', () => {
  const theirs = new Target(threeMembers(inClearText, etcd));
  const ours = new Stores();
  const seed = inject('seed');
  let from: Api;
  let to: Api;
  let restored: ChildProcess | undefined;

  beforeAll(async () => {
    await theirs.start();
    from = theirs.api(0);
    await ours.reserve('m');
  });
  afterAll(async () => {
    to?.close();
    if (restored?.kill('SIGKILL')) await once(restored, 'exit');
    await ours.destroy();
    await theirs.stop();
  });

  /** Puts, deletions, leases, transactions; more than a page holds, and more than one page is. */
  async function live(api: Api, steps: number): Promise<void> {
    const rng = createRng(seed);
    const leases: string[] = [];
    for (let i = 0; i < steps; i++) {
      const key = bytes(`k/${rng.int(40)}`);
      const value = Buffer.alloc(rng.int(20) === 0 ? 300_000 : rng.int(200), `${i}`);
      switch (rng.int(8)) {
        case 0:
          await api.kv.deleteRange({ key, range_end: bytes('k/3') });
          break;
        case 1:
          leases.push((await api.lease.grant({ TTL: 1000 + i })).ID);
          break;
        case 2:
          await api.kv.put({ key, value, lease: leases.at(-1) ?? '0' });
          break;
        case 3:
          await api.kv.txn({
            success: [
              { request_put: { key, value } },
              { request_put: { key: bytes('k/both'), value } },
              { request_delete_range: { key: bytes('k/gone') } },
            ],
          });
          break;
        default:
          await api.kv.put({ key, value });
      }
      if (i === steps / 2) {
        const { header } = await api.kv.put({ key, value });
        await api.kv.compact({ revision: header?.revision ?? 0, physical: true });
      }
    }
    if (leases[0] !== undefined) await api.lease.revoke({ ID: leases[0] });
  }

  /** Every revision since the compaction, and the leases. */
  async function expectSame(a: Api, b: Api): Promise<void> {
    const now = await a.kv.range(everything);
    const revision = Number(now.header?.revision);
    const { compact_revision: compacted } = await a.maintenance.hashKv({ revision: 0 });
    for (let at = Number(compacted); at <= revision; at++) {
      const request = { ...everything, revision: at };
      const [{ kvs, count }, other] = await Promise.all([a.kv.range(request), b.kv.range(request)]);
      expect({ kvs: other.kvs, count: other.count }).toEqual({ kvs, count });
      expect(other.header?.revision).toBe(now.header?.revision);
    }
    await expect(b.kv.range({ ...everything, revision: Number(compacted) - 1 })).rejects.toThrow(
      'required revision has been compacted',
    );
    const ids = async (api: Api) => (await api.lease.leases({})).leases.map(({ ID }) => ID).sort();
    expect(await ids(b)).toEqual(await ids(a));
    for (const ID of (await ids(a)).slice(0, 5)) {
      // etcd tells the keys in an order that is another one each time.
      const [one, other] = await Promise.all(
        [a, b].map(async (api) => {
          const { grantedTTL, keys } = await api.lease.timeToLive({ ID, keys: true });
          return { grantedTTL, keys: keys.map(String).sort() };
        }),
      );
      expect(other).toEqual(one);
    }
  }

  const everything = { key: Buffer.from([0]), range_end: Buffer.from([0]) };

  test(`a snapshot of etcd is restored, with every revision since its compaction (SEED=${seed})`, async () => {
    await live(from, 200);
    for (const args of [
      ['user', 'add', 'ann:secret'],
      ['role', 'add', 'reader'],
      ['role', 'grant-permission', 'reader', 'read', 'k/', 'k0'],
      ['user', 'grant-role', 'ann', 'reader'],
    ]) {
      expect((await theirs.etcdctl(args)).code).toBe(0);
    }
    // etcdctl asked whichever member: the one that is saved may be behind.
    await from.kv.range({ key: bytes('x') });
    const file = `${ours.dataDir('snapshot')}.db`;
    const endpoint = theirs.members.endpoints[0] ?? '';
    const saved = await theirs.etcdctl(['--endpoints', endpoint, 'snapshot', 'save', file]);
    expect(saved.code).toBe(0);
    expect(await ours.restore('m', file)).toBe(0);
    ours.start('m', ['m']);
    to = new Api(ours.endpoint('m'));
    await eventually('the restored member', () =>
      to.kv.range({ key: bytes('x') }).catch(() => undefined),
    );
    await expectSame(from, to);
    const flags = ['--endpoints', ours.endpoint('m')];
    expect((await theirs.etcdctl([...flags, 'user', 'get', 'ann'])).stdout).toBe(
      'User: ann\nRoles: reader\n',
    );
    expect((await theirs.etcdctl([...flags, 'role', 'get', 'reader'])).stdout).toMatch(
      /^Role reader\nKV Read:\n\t\[k\/, k0\) \(prefix k\/\)\nKV Write:\n$/,
    );
  });

  test('what is damaged, or has no digest, is refused', async () => {
    const file = `${ours.dataDir('bad')}.db`;
    await ours.reserve('bad');
    ours.copyFile(`${ours.dataDir('snapshot')}.db`, file, (content) => {
      content.writeUInt8(1 ^ content.readUInt8(content.length / 2), content.length / 2);
      return content;
    });
    expect(await ours.restore('bad', file)).toBe(1);
    expect(ours.log('bad')).toContain('the snapshot is damaged');
    ours.copyFile(`${ours.dataDir('snapshot')}.db`, file, (content) => content.subarray(0, -32));
    expect(await ours.restore('bad', file)).toBe(1);
    expect(ours.log('bad')).toContain('--skip-hash-check');
    expect(await ours.restore('bad', file, '--skip-hash-check')).toBe(0);
  });

  test('a snapshot of ours is checked and restored by etcd’s own tools, with every revision', async () => {
    await live(to, 100);
    await ours.reserve('e');
    const file = `${ours.dataDir('ours')}.db`;
    const dataDir = ours.dataDir('e');
    const etcdctl = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await theirs.etcdctl(args);
      if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    await etcdctl('--endpoints', ours.endpoint('m'), 'snapshot', 'save', file);
    const { header } = await to.kv.range({ key: bytes('x') });
    expect(await etcdctl('snapshot', 'status', file)).toContain(`, ${header?.revision}, `);
    const peer = [
      `--initial-advertise-peer-urls=${ours.peerUrl('e')}`,
      `--initial-cluster=e=${ours.peerUrl('e')}`,
      '--name=e',
      `--data-dir=${dataDir}`,
    ];
    await etcdctl('snapshot', 'restore', file, ...peer);
    const client = `http://${ours.endpoint('e')}`;
    const listen = [
      `--listen-peer-urls=${ours.peerUrl('e')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
    ];
    restored = spawn(etcd.command[0], [...peer, ...listen], { stdio: 'ignore' });
    const back = new Api(ours.endpoint('e'));
    try {
      await eventually('the restored etcd', () =>
        back.kv.range({ key: bytes('x') }).catch(() => undefined),
      );
      await expectSame(to, back);
      expect(await etcdctl('--endpoints', ours.endpoint('e'), 'user', 'get', 'ann')).toBe(
        'User: ann\nRoles: reader\n',
      );
      ours.start('e', ['e']);
      expect(await ours.exit('e')).toBe(1);
      expect(ours.log('e')).toContain('is that of a real etcd');
    } finally {
      back.close();
    }
  });

  test('etcdctl make-mirror goes both ways', async () => {
    const endpoint = theirs.members.endpoints[0] ?? '';
    const mirror = async (source: string, destination: string, prefix: string): Promise<void> => {
      const [a, b] = source === endpoint ? [from, to] : [to, from];
      for (let i = 0; i < 20; i++)
        await a.kv.put({ key: bytes(`${prefix}${i}`), value: bytes('v') });
      const args = ['--endpoints', source, 'make-mirror', `--prefix=${prefix}`, destination];
      await theirs.etcdctlUntil(args, /^/, async () => {
        const range = { key: bytes(prefix), range_end: bytes(`${prefix}~`) };
        const count = async () => (await b.kv.range(range)).count;
        await eventually('all keys', async () => ((await count()) === '20' ? true : undefined));
        await a.kv.put({ key: bytes(`${prefix}later`), value: bytes('v') });
        await a.kv.deleteRange({ key: bytes(`${prefix}0`), range_end: bytes(`${prefix}1~`) });
        await eventually('what came later', async () =>
          (await count()) === '9' ? true : undefined,
        );
      });
    };
    await mirror(endpoint, ours.endpoint('m'), 'there/');
    await mirror(ours.endpoint('m'), endpoint, 'back/');
  });
});
