import { describe, expect, it } from 'vitest';
import { type Event, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { createEventRecorder } from './event-recorder.ts';
import { MemoryApi } from './testing/memory-api.ts';
import { silentLog } from './testing/silent-log.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'shop', uid: 'u' } };

function setUp() {
  const clock = new ManualClock();
  const api = new MemoryApi(clock);
  const options = { api, component: 'kubelet', host: 'worker-1', clock, log: silentLog };
  return { clock, api, recorder: createEventRecorder(options) };
}

describe('an event recorder', () => {
  it('counts equal events in one object', async () => {
    const { clock, api, recorder } = setUp();
    recorder.event(pod, 'Warning', 'BackOff', 'restarting');
    recorder.event(pod, 'Warning', 'BackOff', 'restarting');
    await recorder.flush();
    await clock.advance(5_000);
    recorder.event(pod, 'Warning', 'BackOff', 'restarting');
    recorder.event(pod, 'Normal', 'Started', 'Started container a');
    await recorder.flush();
    const events = api.all<Event>(refs.events);
    expect(events.map(({ reason, count }) => [reason, count])).toEqual([
      ['BackOff', 3],
      ['Started', 1],
    ]);
    expect(events[0]).toMatchObject({
      metadata: { namespace: 'shop' },
      involvedObject: { kind: 'Pod', name: 'x', namespace: 'shop', uid: 'u' },
      source: { component: 'kubelet', host: 'worker-1' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:05Z',
    });
  });

  it('names events in order of time, within a millisecond too', async () => {
    const { clock, api, recorder } = setUp();
    const reasons = ['Scheduled', 'Pulled', 'Created', 'Started'];
    for (const reason of reasons) recorder.event(pod, 'Normal', reason, reason);
    await recorder.flush();
    await clock.advance(1);
    recorder.event(pod, 'Normal', 'Killing', 'Killing');
    await recorder.flush();
    const listed = api
      .all<Event>(refs.events)
      .toSorted((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
    expect(listed.map(({ reason }) => reason)).toEqual([...reasons, 'Killing']);
  });

  it('starts again when the event has expired, and drops what cannot be written', async () => {
    const { api, recorder } = setUp();
    recorder.event(pod, 'Normal', 'Pulled', 'here');
    await recorder.flush();
    const [first] = api.all<Event>(refs.events);
    await api.delete(refs.events, first?.metadata?.name ?? '', { namespace: 'shop' });
    recorder.event(pod, 'Normal', 'Pulled', 'here');
    await recorder.flush();
    expect(api.all<Event>(refs.events).map(({ count }) => count)).toEqual([1]);
    api.failures.push(new QuorateError('unavailable', 'down'));
    recorder.event(pod, 'Normal', 'Killing', 'dropped');
    recorder.event(pod, 'Normal', 'Killing', 'Stopping container a');
    await recorder.flush();
    expect(api.all(refs.events)).toHaveLength(2);
  });
});
