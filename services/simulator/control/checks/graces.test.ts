import { describe, expect, test } from 'vitest';
import { command } from '../parts/containers.ts';
import { Graces } from './graces.ts';
import { broken, container, named, podKey, Store } from './testing.ts';

function world(termMs = 9_000) {
  let nowMs = 0;
  const check = new Graces(() => nowMs, 2_000);
  const store = new Store(check);
  const at = (ms: number): void => void (nowMs = store.nowMs = ms);
  const spec = { containers: [{ name: 'main', command: command({ termMs }) }] };
  const put = (graceSeconds?: number): void => {
    const deletion = graceSeconds !== undefined && {
      deletionTimestamp: 'then',
      deletionGracePeriodSeconds: graceSeconds,
    };
    store.put(podKey('a'), { ...named('a', 'a', { ...deletion }), spec } as object);
  };
  at(0);
  put();
  check.started('n1', container('a'));
  return {
    at,
    put,
    forced: () => check.forced('a'),
    removed: () => store.remove(podKey('a')),
    exits: (exitCode: number) =>
      broken(() => check.exited('n1', { ...container('a'), state: 'exited', exitCode })),
    looks: () => broken(() => check.tick(nowMs)),
  };
}

describe('containers', () => {
  test('are stopped for a reason', () => {
    const { put, exits, at } = world();
    expect(exits(1)).toBe('kept');
    expect(exits(143)).toMatch(/main of pod a is stopped for nothing/);
    at(1_000);
    put(30);
    expect(exits(143)).toBe('kept');
    expect(exits(137)).toMatch(/killed 9000 ms before its time is over/);
  });

  test('get the time of the deletion, and not more', () => {
    const { put, exits, at, looks } = world();
    at(1_000);
    put(5);
    at(7_900);
    expect(looks()).toBe('kept');
    at(8_100);
    expect(looks()).toMatch(/main of pod a .* runs 2100 ms after its time is over/);
    expect(exits(137)).toBe('kept');
  });

  test('end sooner where they are to', () => {
    const { put, at, looks } = world();
    at(1_000);
    put(30);
    at(2_000);
    put(3);
    at(6_900);
    expect(looks()).toBe('kept');
    at(7_100);
    expect(looks()).toMatch(/after its time is over/);
  });

  test('of whom nobody waits for end as they like', () => {
    const gone = world();
    gone.removed();
    expect(gone.exits(137)).toBe('kept');
    const { forced, exits } = world();
    forced();
    expect(exits(137)).toBe('kept');
  });
});
