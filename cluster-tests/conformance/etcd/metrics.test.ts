import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytes, Target, target as kind } from './target.ts';

/** Every metric of etcd, and why some are not ours: `metrics.txt`, a name a line. */
const listed = readFileSync(join(import.meta.dirname, 'metrics.txt'), 'utf8')
  .split('\n')
  .filter((line) => /^[a-z]/.test(line))
  .map((line) => {
    const [name = '', why] = line.split(': ', 2);
    return { name, why };
  });

const target = new Target();
beforeAll(async () => {
  await target.start();
  const api = target.api(0);
  for (const key of ['a', 'b']) await api.kv.put({ key: bytes(key), value: bytes('v') });
});
afterAll(() => target.stop());

/** Names and types, as Prometheus reads them. */
async function scraped(): Promise<Set<string>> {
  const answer = await fetch(`http://${target.members.endpoints[0]}/metrics`);
  const types = [...(await answer.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(types.map(([, name, type]) => `${name} ${type}`));
}

test('the list is of all that etcd has; ours lacks what it gives a reason for, and nothing else', async () => {
  const there = await scraped();
  const found =
    kind === 'etcd'
      ? [...there].filter((name) => !name.startsWith('go_'))
      : listed.filter(({ name, why }) => there.has(name) === (why === undefined)).map(named);
  expect(found.sort()).toEqual(listed.map(named).sort());
});

function named({ name }: { readonly name: string }): string {
  return name;
}
