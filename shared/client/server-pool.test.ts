import { describe, expect, it } from 'vitest';
import { QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { createServerPool } from './server-pool.ts';

const refused = new QuorateError('unavailable', 'No connection established. Last error: refused');
const broken = new QuorateError('unavailable', 'read ECONNRESET');

/** A pool of a, b and c whose servers fail as `failures` says, and what was asked, in order. */
function setUp(failures: Map<string, QuorateError>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const pool = createServerPool(['a', 'b', 'c'], clock);
  const send = (server: string): Promise<string> => {
    asked.push(server);
    const failure = failures.get(server);
    return failure ? Promise.reject(failure) : Promise.resolve(server);
  };
  return { clock, asked, pool, send };
}

describe('the pool of API servers', () => {
  it('goes to the next server at once where a write never left', async () => {
    const { pool, send, asked } = setUp(new Map([['a', refused]]));
    expect(await pool.call(false, send)).toBe('b');
    expect(asked).toEqual(['a', 'b']);
  });

  it('stays with the server that answered, and uses the failed one again when it is back', async () => {
    const failures = new Map([['a', refused]]);
    const { pool, send, clock } = setUp(failures);
    expect(await pool.call(true, send)).toBe('b');
    failures.clear();
    expect(await pool.call(true, send)).toBe('b');
    await clock.advance(1_001);
    failures.set('b', refused).set('c', refused);
    expect(await pool.call(true, send)).toBe('a');
  });

  it('repeats a read after a broken connection, but not a write', async () => {
    const { pool, send } = setUp(new Map([['a', broken]]));
    await expect(pool.call(false, send)).rejects.toBe(broken);
    const second = setUp(new Map([['a', broken]]));
    expect(await second.pool.call(true, second.send)).toBe('b');
  });

  it('does not ask another server what one has refused', async () => {
    const conflict = new QuorateError('conflict', 'stale');
    const { pool, send, asked } = setUp(new Map([['a', conflict]]));
    await expect(pool.call(true, send)).rejects.toBe(conflict);
    expect(asked).toEqual(['a']);
  });

  it('reports the failure of a server that was reached rather than a refused connection', async () => {
    const noLeader = new QuorateError('unavailable', 'etcdserver: no leader');
    const { pool, send } = setUp(
      new Map([
        ['a', refused],
        ['b', noLeader],
        ['c', refused],
      ]),
    );
    await expect(pool.call(true, send)).rejects.toBe(noLeader);
  });

  it('asks every server once, those that failed lately last, and then gives up', async () => {
    const failures = new Map([['a', refused]]);
    const { pool, send, asked } = setUp(failures);
    await pool.call(true, send);
    failures.set('b', refused).set('c', refused);
    await expect(pool.call(true, send)).rejects.toBe(refused);
    expect(asked).toEqual(['a', 'b', 'b', 'c', 'a']);
  });

  it('moves a stream on before its first item, never after it', async () => {
    const { pool } = setUp(new Map());
    const seen: string[] = [];
    const stream = pool.stream(async function* (server) {
      await Promise.resolve();
      if (server === 'a') throw broken;
      yield server;
      throw broken;
    });
    const reading = (async () => {
      for await (const item of stream) seen.push(item);
    })();
    await expect(reading).rejects.toBe(broken);
    expect(seen).toEqual(['b']);
  });
});
