import { createServer, connect, type ServerHttp2Session, constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createRng } from '#shared/base';
import { expect, inject, test } from 'vitest';
import { StreamTable, useStreamTables } from './stream-table.ts';

const seed = inject('seed');

test(`holds what a Map would, whatever comes and goes (SEED=${seed})`, () => {
  const rng = createRng(seed);
  const table = new StreamTable<{ id: number }>();
  const map = new Map<number, { id: number }>();
  let next = 1;
  let differs = false;
  for (let step = 0; step < 20_000; step++) {
    // Now few, now many; some stay for long.
    const crowd = step % 8000 < 4000 ? 0.7 : 0.4;
    if (rng.next() < crowd) {
      const stream = { id: next };
      table.set(next, stream);
      map.set(next, stream);
      next += rng.next() < 0.01 ? 2 * rng.int(1000) + 2 : 2;
    } else {
      const ids = [...map.keys()];
      const id = rng.next() < 0.1 ? next + 2 : (ids[rng.int(ids.length || 1)] ?? 0);
      differs ||= table.delete(id) !== map.delete(id);
    }
    const probe = 1 + 2 * rng.int(next);
    differs ||= table.get(probe) !== map.get(probe) || table.size !== map.size;
  }
  expect(differs).toBe(false);
  const sorted = [...table].sort(([a], [b]) => a - b);
  expect(sorted).toEqual([...map].sort(([a], [b]) => a - b));
  table.forEach(({ id }) => table.delete(id));
  expect(table.size).toBe(0);
});

test('this Node.js keeps its streams in one: they open, end, and are ended with their session', async () => {
  const server = createServer();
  useStreamTables(server);
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers[':path'] === '/answered') stream.respond({ ':status': 200 }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => undefined);
  const ask = (path: string): Promise<number> =>
    new Promise((resolve) => {
      const stream = client.request({ ':path': path });
      stream.on('error', () => undefined);
      stream.on('close', () => resolve(stream.rstCode));
      stream.resume();
      stream.end();
    });
  const waiting = ask('/waiting');
  for (let i = 0; i < 300; i++) expect(await ask('/answered')).toBe(constants.NGHTTP2_NO_ERROR);
  const [session] = sessions;
  const state = Object.getOwnPropertySymbols(session).find((s) => s.description === 'state');
  const { streams } =
    (session as unknown as Record<symbol, { streams: unknown }>)[state as symbol] ?? {};
  expect(streams).toBeInstanceOf(StreamTable);
  session?.destroy();
  await waiting;
  expect((streams as StreamTable<object>).size).toBe(0);
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});
