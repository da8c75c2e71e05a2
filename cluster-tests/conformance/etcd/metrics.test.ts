import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytes, Target, target as kind } from './target.ts';

interface Listed {
  readonly name: string;
  readonly why: string | undefined;
}

/** Every metric of etcd, and why some are not ours: `metrics.txt`, a name a line, in sections. */
const [shown = [], ...others] = readFileSync(join(import.meta.dirname, 'metrics.txt'), 'utf8')
  .split('\n# ')
  .slice(1)
  .map((section) =>
    section
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line): Listed => {
        const [name = '', why] = line.split(': ', 2);
        return { name, why };
      }),
  );
/** Ours all show themselves from the start; of the others etcd may show any. */
const listed = kind === 'etcd' ? shown : [shown, ...others].flat();
const passing = new Set(others.flat().map(named));

const target = new Target();
beforeAll(async () => {
  await target.start();
  const api = target.api(0);
  for (const key of ['a', 'b']) await api.kv.put({ key: bytes(key), value: bytes('v') });
});
afterAll(() => target.stop());

async function text(): Promise<string> {
  const answer = await fetch(`http://${target.members.endpoints[0]}/metrics`);
  return answer.text();
}

/** Names and types, as Prometheus reads them. */
async function scraped(): Promise<Set<string>> {
  const types = [...(await text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(types.map(([, name, type]) => `${name} ${type}`));
}

async function valuesOf(names: readonly string[]): Promise<number[]> {
  const lines = (await text()).split('\n');
  return names.map((name) =>
    Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]),
  );
}

test('the list is of all that etcd has; ours lacks what it gives a reason for, and nothing else', async () => {
  const there = await scraped();
  const found =
    kind === 'etcd'
      ? [...there].filter((name) => !name.startsWith('go_') && !passing.has(name))
      : listed.filter(({ name, why }) => there.has(name) === (why === undefined)).map(named);
  expect(found.sort()).toEqual(listed.map(named).sort());
});

test('writes are counted as etcd counts them: keys that live, puts in transactions, keys with their values', async () => {
  const debugging = (name: string): string => `etcd_debugging_mvcc_${name}`;
  const names = [
    debugging('keys_total'),
    debugging('total_put_size_in_bytes'),
    'etcd_mvcc_put_total',
    'etcd_mvcc_delete_total',
  ];
  const before = await valuesOf(names);
  const { kv } = target.api(0);
  await kv.put({ key: bytes('counted'), value: bytes('12345') });
  await kv.put({ key: bytes('gone'), value: bytes('1') });
  await kv.deleteRange({ key: bytes('gone') });
  const inTxn = (key: string) => ({ request_put: { key: bytes(key), value: bytes('x') } });
  await kv.txn({ success: [inTxn('t1'), inTxn('t2')] });
  const after = await valuesOf(names);
  expect(after.map((value, i) => value - (before[i] ?? Number.NaN))).toEqual([3, 23, 4, 1]);
});

function named({ name }: { readonly name: string }): string {
  return name;
}
