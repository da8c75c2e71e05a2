import { expect, test } from 'vitest';
import { PodStatuses } from './pod-statuses.ts';
import { broken, container, named, podKey, Store } from './testing.ts';

function world() {
  const check = new PodStatuses(true);
  const store = new Store(check);
  const containers = [{ name: 'main' }];
  return {
    check,
    put: (status: object, more: object = {}) => {
      const spec = { containers, restartPolicy: 'Always' };
      return broken(() =>
        store.put(podKey('a'), { ...named('a', 'a', more), spec, status } as object),
      );
    },
  };
}

const ended = (exitCode: number) => ({ name: 'x', state: { terminated: { exitCode } } });

test('a pod has succeeded where all of it has', () => {
  const { put } = world();
  expect(put({ phase: 'Succeeded', containerStatuses: [ended(0), ended(0)] })).toBe('kept');
  expect(put({ phase: 'Succeeded', containerStatuses: [ended(0), ended(1)] })).toMatch(
    /a has succeeded with 0,1/,
  );
  expect(put({ phase: 'Failed', containerStatuses: [ended(0)] })).toMatch(/failed with zeros/);
  const reason = 'DeadlineExceeded';
  expect(put({ phase: 'Failed', reason, containerStatuses: [ended(0)] })).toBe('kept');
});

test('a pod is ready with all of it, and stays so while it answers', () => {
  const { put, check } = world();
  const status = (ready: boolean, isReady = ready) => ({
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
    containerStatuses: [{ name: 'main', ready, containerID: 'sim://a_main_0' }],
  });
  check.started('n1', container('a'));
  expect(put(status(false, true))).toMatch(/is ready, and its main is not/);
  expect(put(status(true))).toBe('kept');
  expect(put(status(false))).toMatch(/calls its main unready, which answers/);
  put(status(true));
  check.exited('n1', container('a'));
  expect(put(status(false))).toBe('kept');
});
