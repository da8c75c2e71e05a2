import { expect, it } from 'vitest';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../shared/client/testing/silent-log.ts';
import { Compactor } from './compaction.ts';

const interval = 300_000;

it('keeps one interval of history, whichever server compacts', async () => {
  const clock = new ManualClock();
  const kv = new MvccKv(clock);
  const compactors = [0, 1, 2].map(() => new Compactor(kv, clock, silentLog));
  const key = 'k';
  const kept = async (): Promise<number> => {
    const { kvs } = await kv.range({ key: 'compact_rev_key' });
    return kvs[0]?.version ?? 0;
  };
  const { header } = await kv.put({ key, value: Buffer.from('1') });
  for (let round = 0; round < 2; round++) {
    await kv.put({ key, value: Buffer.from(`round ${round}`) });
    await clock.advance(interval);
    await clock.advance(0);
  }
  // One server moved the key on in each round.
  expect(await kept()).toBe(2);
  await expect(kv.range({ key, revision: header.revision })).rejects.toThrow('compacted');
  const { kvs } = await kv.range({ key });
  expect(Buffer.from(kvs[0]?.value ?? []).toString()).toBe('round 1');
  for (const compactor of compactors) compactor.stop();
});
