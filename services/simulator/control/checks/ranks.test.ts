import { expect, test } from 'vitest';
import { rankKey } from '../users/sorts.ts';
import { Ranks } from './ranks.ts';
import { broken, Store } from './testing.ts';

test('what users said of a node stays', () => {
  const store = new Store(new Ranks());
  const put = (labels: object): string =>
    broken(() => store.put('/registry/nodes/n1', { metadata: { name: 'n1', labels } } as object));
  expect(put({})).toBe('kept');
  expect(put({ [rankKey]: '1' })).toBe('kept');
  expect(put({ [rankKey]: '2' })).toBe('kept');
  expect(put({})).toMatch(/n1 loses its rank 2/);
});
