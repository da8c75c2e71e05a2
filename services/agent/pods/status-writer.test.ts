import { expect, test } from 'vitest';
import type { Pod } from '#shared/api';
import { ManualClock } from '#shared/clock';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { newPodRecord } from './pod-record.ts';
import { StatusWriter } from './status-writer.ts';

test('what others say of a pod meanwhile is not written over', async () => {
  const conditions = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'DisruptionTarget', status: 'True' },
  ];
  const pod = { metadata: { name: 'a', uid: 'a', namespace: 'default' }, status: { conditions } };
  const record = newPodRecord(pod, { initialMs: 1, maxMs: 1, resetMs: 1 });
  const ready = { type: 'Ready', status: 'True' };
  record.status = { ...pod.status, conditions: [ready, ...conditions] };
  const written: unknown[] = [];
  const api = {
    patch: (_ref: unknown, _name: string, type: string, patch: Pod) => {
      written.push([type, patch.status?.conditions]);
      return Promise.resolve(pod);
    },
  };
  const stopping = new AbortController();
  const writer = new StatusWriter({
    api: api as never,
    clock: new ManualClock(),
    log: silentLog,
    find: () => record,
    onDeleted: () => undefined,
  });
  writer.changed('a');
  const running = writer.run(stopping.signal);
  await Promise.resolve();
  stopping.abort();
  await running;
  const quiet = { reason: null, message: null };
  expect(written).toEqual([
    [
      'strategic',
      [ready, { type: 'PodScheduled', status: 'True' }].map((each) => ({ ...quiet, ...each })),
    ],
  ]);
});
