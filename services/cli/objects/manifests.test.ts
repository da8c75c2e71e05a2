import { describe, expect, it } from 'vitest';
import { CommandError } from '../command-error.ts';
import { mapManifest, parseManifests, placeManifest } from './manifests.ts';

const errorOf = async (text: string): Promise<string> => {
  const [first] = await parseManifests(text, 'x.yaml');
  return first && 'error' in first ? first.error.message : '';
};

describe('manifests', () => {
  it('come from several documents, JSON too, and lists; comments are none', async () => {
    const text = [
      'apiVersion: v1\nkind: A\n',
      '# nothing\n',
      '{"apiVersion": "v1", "kind": "B"}\n',
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: C}\n',
    ].join('---\n');
    const results = await parseManifests(text, 'x.yaml');
    expect(results.map((one) => ('error' in one ? one.error : one.object.kind))).toEqual([
      'A',
      'B',
      'C',
    ]);
  });

  it('are YAML as kubectl reads it', async () => {
    const text =
      'apiVersion: v1\nkind: A\nv: [y, n, yes, off, 0644, 22:22, 2001-02-03, 1e3, "1", ~]\n' +
      'base: &b {x: 1}\nmerged: {<<: *b, z: 2}\n';
    const [first] = await parseManifests(text, 'x.yaml');
    expect(first).toMatchObject({
      object: {
        v: ['y', 'n', true, false, 0o644, '22:22', '2001-02-03', 1000, '1', null],
        merged: { x: 1, z: 2 },
      },
    });
  });

  it('say the line of what is no YAML, and go on with the next document', async () => {
    expect(await errorOf('a: 1\nb: [1, 2\nc: 3\n')).toMatch(/^error parsing x\.yaml: .*line \d+: /);
    const results = await parseManifests('a: [\n---\napiVersion: v1\nkind: A\n', 'x.yaml');
    expect(results.some((one) => 'object' in one)).toBe(true);
  });

  it('say what is missing', async () => {
    expect(await errorOf('metadata: {name: a}\n')).toContain('[apiVersion not set, kind not set]');
    expect(await errorOf('- 1\n')).toContain('invalid object');
    expect(await errorOf('just text\n')).toContain('invalid object');
  });

  it('of an unknown kind are refused in kubectl’s words', () => {
    const manifest = {
      object: { apiVersion: 'v1', kind: 'Foo', metadata: { name: 'x' } },
      source: 'f.yaml',
    };
    expect(() => mapManifest([], manifest)).toThrow(
      'resource mapping not found for name: "x" namespace: "" from "f.yaml": ' +
        'no matches for kind "Foo" in version "v1"',
    );
  });

  it('get the namespace, unless they have another', () => {
    const namespaced = { namespaced: true } as Parameters<typeof placeManifest>[1];
    const cluster = { namespaced: false } as Parameters<typeof placeManifest>[1];
    const object = { metadata: { name: 'x' } };
    const own = { metadata: { name: 'x', namespace: 'own' } };
    expect(placeManifest(object, namespaced, 'n', false).metadata?.namespace).toBe('n');
    expect(placeManifest(object, cluster, 'n', false).metadata?.namespace).toBeUndefined();
    expect(placeManifest(own, namespaced, 'n', false).metadata?.namespace).toBe('own');
    expect(() => placeManifest(own, namespaced, 'n', true)).toThrow(CommandError);
  });
});
