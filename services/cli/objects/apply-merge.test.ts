import { describe, expect, it } from 'vitest';
import type { Json } from '#shared/api';
import { mergePatchBetween, threeWayMerge } from './apply-merge.ts';

/** The patch that apply would send. */
const patch = (last: Json | undefined, manifest: Json, live: Json): Json | undefined =>
  mergePatchBetween(live, threeWayMerge(last, manifest, live));

describe('apply', () => {
  it('is unchanged where the manifest says what is so, whatever defaults stand beside it', () => {
    const manifest = { spec: { replicas: 3, ports: [{ port: 80 }], args: ['a', 'b'] } };
    const live = {
      spec: { replicas: 3, ports: [{ port: 80, protocol: 'TCP' }], args: ['a', 'b'], type: 'X' },
      status: { ready: 1 },
    };
    expect(patch(manifest, manifest, live)).toBeUndefined();
  });

  it('leaves what others set', () => {
    const live = { spec: { replicas: 5, image: 'a' }, metadata: { labels: { other: '1' } } };
    expect(patch({ spec: { image: 'a' } }, { spec: { image: 'b' } }, live)).toEqual({
      spec: { image: 'b' },
    });
  });

  it('removes what the last manifest said and this one does not', () => {
    const last = { metadata: { labels: { a: '1', b: '2' } }, data: { x: '1' } };
    const manifest = { metadata: { labels: { a: '1' } } };
    const live = { metadata: { labels: { a: '1', b: '2', c: '3' } }, data: { x: '1' } };
    expect(patch(last, manifest, live)).toEqual({
      metadata: { labels: { b: null } },
      data: null,
    });
  });

  it('merges containers by name: defaults and injected ones stay, dropped ones go', () => {
    const last = {
      containers: [
        { name: 'a', image: '1' },
        { name: 'gone', image: '1' },
      ],
    };
    const manifest = {
      containers: [
        { name: 'a', image: '2' },
        { name: 'new', image: '1' },
      ],
    };
    const live = {
      containers: [
        { name: 'a', image: '1', imagePullPolicy: 'Always' },
        { name: 'gone', image: '1' },
        { name: 'injected', image: '9' },
      ],
    };
    expect(threeWayMerge(last, manifest, live)).toEqual({
      containers: [
        { name: 'a', image: '2', imagePullPolicy: 'Always' },
        { name: 'new', image: '1' },
        { name: 'injected', image: '9' },
      ],
    });
  });

  it('drops a field of a list element that the manifest no longer has', () => {
    const env = (value?: string): Json => ({
      env: [value === undefined ? { name: 'A' } : { name: 'A', value }],
    });
    expect(threeWayMerge(env('1'), env(), env('1'))).toEqual(env());
  });

  it('replaces lists without identities', () => {
    expect(patch({ command: ['a', 'b'] }, { command: ['a'] }, { command: ['a', 'b'] })).toEqual({
      command: ['a'],
    });
    const rule = (effect: string): Json => ({ tolerations: [{ key: 'k', effect }] });
    expect(patch(rule('X'), rule('Y'), rule('X'))).toEqual(rule('Y'));
  });

  it('an explicit null removes, and changes nothing where there is nothing', () => {
    expect(patch(undefined, { spec: { a: null } }, { spec: { a: 1, b: 2 } })).toEqual({
      spec: { a: null },
    });
    expect(patch(undefined, { spec: { a: null } }, { spec: { b: 2 } })).toBeUndefined();
  });
});
