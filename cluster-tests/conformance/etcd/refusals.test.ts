import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, bytes, failure, Target } from './target.ts';

/** Requests that ask for what cannot be, a line of refusals.txt each. */
const target = new Target();
let api: Api;

beforeAll(async () => {
  await target.start();
  api = target.api(0);
  const key = bytes('k');
  for (const value of ['v', 'w']) await api.kv.put({ key, value: bytes(value) });
  await api.kv.put({ key: bytes('k2'), value: bytes('v') });
  await api.kv.compact({ revision: '3' });
  await api.lease.grant({ ID: '77', TTL: '1000' });
  await api.call('etcdserverpb.Auth/UserAdd', { name: 'u', password: 'p' });
  await api.call('etcdserverpb.Auth/RoleAdd', { name: 'r' });
});
afterAll(() => target.stop());

const line = /^(\S+\/\S+) (\{.*\}) => (\d+ .*)$/gm;
const table = readFileSync(join(import.meta.dirname, 'refusals.txt'), 'utf8');
const rows = [...table.matchAll(line)].map(
  ([, method = '', request = '', answer = '']) => [method, request, answer] as const,
);

/** The names of keys are text to Auth, and bytes to locks and elections. */
function requestOf(method: string, json: string): object {
  const isBytes = (name: string): boolean =>
    ['key', 'value', 'range_end'].includes(name) || (name === 'name' && method.startsWith('v3'));
  return JSON.parse(json, (name, value: unknown) =>
    typeof value === 'string' && isBytes(name) ? bytes(value) : value,
  ) as object;
}

test('there are rows', () => expect(rows.length).toBeGreaterThan(100));

test.each(rows)('%s %s: %s', async (method, json, answer) => {
  const path = method.startsWith('v3') ? method : `etcdserverpb.${method}`;
  expect(await failure(api.call(path, requestOf(method, json)))).toBe(answer);
});
