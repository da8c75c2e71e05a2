import { describe, expect, it } from 'vitest';
import { QuorateError } from '#shared/base';
import { type Change, Watcher } from './watcher.ts';

const everything = { allowBookmarks: true, low: '', high: '\uffff', matches: () => true };

const change = (revision: number): Change => {
  const after = { metadata: { name: 'a', resourceVersion: String(revision) } };
  return { key: 'a', revision, before: undefined, after, farewell: () => after };
};

const watcherAfter = (after: number): Watcher =>
  new Watcher(everything, { after, initial: [], onClose: () => undefined });

describe('a watcher', () => {
  it('that does not keep up is cut off, and lets go of what it queued', async () => {
    let closed = 0;
    const watcher = new Watcher(everything, {
      after: 0,
      initial: [],
      onClose: () => {
        closed += 1;
      },
    });
    for (let revision = 1; revision <= 10_001; revision++) watcher.push(change(revision));
    expect(closed).toBe(1);
    const next = watcher[Symbol.asyncIterator]().next();
    await expect(next).rejects.toMatchObject({ code: 'expired' });
  });

  it('skips what its client knows already', async () => {
    const watcher = watcherAfter(5);
    watcher.push(change(5));
    watcher.push(change(6));
    const { value } = await watcher[Symbol.asyncIterator]().next();
    expect(value).toMatchObject({ type: 'ADDED', object: { metadata: { resourceVersion: '6' } } });
  });

  it('ends quietly when closed while somebody waits, and with an error when failed', async () => {
    const quiet = watcherAfter(0);
    const waiting = quiet[Symbol.asyncIterator]().next();
    quiet.close();
    expect(await waiting).toMatchObject({ done: true });
    const failing = watcherAfter(0);
    const failed = failing[Symbol.asyncIterator]().next();
    failing.fail(new QuorateError('unavailable', 'stopping'));
    await expect(failed).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('holds one bookmark at a time', async () => {
    const watcher = watcherAfter(0);
    watcher.bookmark({ metadata: { resourceVersion: '1' } });
    watcher.bookmark({ metadata: { resourceVersion: '2' } });
    watcher.push(change(3));
    const iterator = watcher[Symbol.asyncIterator]();
    const types = [await iterator.next(), await iterator.next()].map(({ value }) => value?.type);
    expect(types).toEqual(['BOOKMARK', 'ADDED']);
  });
});
