import { describe, expect, it } from 'vitest';
import { type KubeObject, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { createInformer } from './informer.ts';
import { MemoryApi } from './testing/memory-api.ts';
import { silentLog } from './testing/silent-log.ts';

function pod(name: string, labels: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels } };
}

function setUp() {
  const clock = new ManualClock();
  const api = new MemoryApi(clock);
  const seen: string[] = [];
  const name = (object: KubeObject): string => object.metadata?.name ?? '';
  const informer = createInformer(api, refs.pods, {
    clock,
    log: silentLog,
    indexers: { app: (object) => Object.values(object.metadata?.labels ?? {}) },
    handlers: {
      added: (object) => seen.push(`+${name(object)}`),
      updated: (_before, after) => seen.push(`~${name(after)}`),
      deleted: (object) => seen.push(`-${name(object)}`),
    },
  });
  return { clock, api, informer, seen };
}

describe('an informer', () => {
  it('lists, then follows', async () => {
    const { clock, api, informer, seen } = setUp();
    api.seed(refs.pods, pod('a'));
    informer.start();
    await informer.synced;
    expect(seen).toEqual(['+a']);
    await api.create(refs.pods, pod('b', { app: 'x' }));
    await api.patch(
      refs.pods,
      'a',
      'merge',
      { metadata: { labels: { app: 'x' } } },
      {
        namespace: 'default',
      },
    );
    await clock.advance(0);
    expect(seen).toEqual(['+a', '+b', '~a']);
    expect(informer.store.byIndex('app', 'x')).toHaveLength(2);
    await api.delete(refs.pods, 'b', { namespace: 'default' });
    await clock.advance(0);
    expect(seen.at(-1)).toBe('-b');
    expect(informer.store.byIndex('app', 'x')).toHaveLength(1);
    expect(informer.store.list('default')).toHaveLength(1);
    await informer.stop();
  });

  it('resumes a broken watch where it was, the first time at once', async () => {
    const { clock, api, informer, seen } = setUp();
    informer.start();
    await informer.synced;
    await clock.advance(0);
    api.disconnect();
    api.seed(refs.pods, pod('a'));
    await clock.advance(0);
    expect(seen).toEqual(['+a']);
    await informer.stop();
  });

  it('compares with a new list when its version is compacted away', async () => {
    const { clock, api, informer, seen } = setUp();
    api.seed(refs.pods, pod('stays'));
    api.seed(refs.pods, pod('goes'));
    api.seed(refs.pods, pod('changes'));
    informer.start();
    await informer.synced;
    await clock.advance(0);
    seen.length = 0;
    const options = { namespace: 'default' };
    await api.delete(refs.pods, 'goes', options);
    await api.patch(refs.pods, 'changes', 'merge', { metadata: { labels: { a: 'b' } } }, options);
    api.seed(refs.pods, pod('comes'));
    api.compact();
    api.disconnect();
    await clock.advance(10_000);
    expect(seen.toSorted()).toEqual(['+comes', '-goes', '~changes']);
    await informer.stop();
  });

  it('sees a namesake as another object', async () => {
    const { clock, api, informer, seen } = setUp();
    api.seed(refs.pods, pod('a'));
    informer.start();
    await informer.synced;
    await clock.advance(0);
    await api.delete(refs.pods, 'a', { namespace: 'default' });
    api.seed(refs.pods, pod('a'));
    api.compact();
    api.disconnect();
    await clock.advance(10_000);
    expect(seen).toEqual(['+a', '-a', '+a']);
    await informer.stop();
  });

  it('keeps asking while nobody answers, and stops when told', async () => {
    const { clock, api, informer, seen } = setUp();
    api.seed(refs.pods, pod('a'));
    for (let i = 0; i < 5; i++) api.failures.push(new QuorateError('unavailable', 'down'));
    informer.start();
    await clock.advance(200);
    expect(seen).toEqual([]);
    await clock.advance(10_000);
    expect(seen).toEqual(['+a']);
    await informer.stop();
    api.seed(refs.pods, pod('b'));
    await clock.advance(10_000);
    expect(seen).toEqual(['+a']);
  });
});
