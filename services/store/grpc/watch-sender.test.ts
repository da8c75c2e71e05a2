import { expect, test } from 'vitest';
import { WatchSender } from './watch-sender.ts';

const header = { clusterId: 1n, memberId: 2n, revision: 3, raftTerm: 4 };
const kv = {
  key: 'k',
  value: new Uint8Array(100_000),
  createRevision: 1,
  modRevision: 1,
  version: 1,
  lease: 0n,
};

test('a slow client is told from the bytes on their way, and drained at half of them', () => {
  const written: (() => void)[] = [];
  let drained = 0;
  const sender = new WatchSender({ write: (_bytes, gone) => written.push(gone) }, () => drained++);
  const event = { type: 'put', kv } as const;
  const send = (): boolean => sender.send({ header, watchId: 0n, events: [event] });
  let taken = 0;
  while (send()) taken++;
  expect(taken).toBe(10);
  for (const gone of written.splice(0, 5)) gone();
  expect(drained).toBe(0);
  for (const gone of written.splice(0)) gone();
  expect(drained).toBe(1);
  expect(send()).toBe(true);
});
