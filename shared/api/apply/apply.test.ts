import { beforeEach, describe, expect, test } from 'vitest';
import { QuorateError } from '#shared/base';
import {
  applyConfiguration,
  createdBy,
  decodeObject,
  type KubeObject,
  prepareUpdate,
  type ResourceRef,
  refs,
  trackUpdate,
  withEntries,
} from '../index.ts';
import { container, create, kind } from '../testing/samples.ts';

type Doc = KubeObject & { spec?: Record<string, never>; [key: string]: unknown };

/** An object as several managers write it, one second after the other. */
class Scene {
  readonly #resource;
  #seconds = 0;
  object: Doc | undefined;

  constructor(ref: ResourceRef) {
    this.#resource = kind(ref);
  }

  #writer(manager: string, subresource = '') {
    this.#seconds++;
    const now = `2026-01-01T00:00:${String(this.#seconds).padStart(2, '0')}Z`;
    return { manager, subresource, now };
  }

  apply(manager: string, body: object, force = false, subresource = ''): Doc {
    const config = decodeObject(this.#resource, { metadata: { name: 'x' }, ...body }).object;
    const applier = { ...this.#writer(manager, subresource), force };
    if (!this.object) {
      const made = create<Doc>(this.#resource, config);
      this.object = withEntries(made, createdBy(this.#resource, config, applier)) as Doc;
      return this.object;
    }
    const { object, managedFields } = applyConfiguration(
      this.#resource,
      this.object,
      config,
      applier,
    );
    this.object = withEntries(
      prepareUpdate(this.#resource, object, this.object),
      managedFields,
    ) as Doc;
    return this.object;
  }

  update(manager: string, body: object, given?: unknown): Doc {
    const config = decodeObject(this.#resource, { metadata: { name: 'x' }, ...body }).object;
    const old = this.object;
    const next = old
      ? prepareUpdate(this.#resource, config, old)
      : create<Doc>(this.#resource, config);
    this.object = trackUpdate(this.#resource, old, next, this.#writer(manager), given) as Doc;
    return this.object;
  }

  /** `manager operation time`, with the fields. */
  get owners(): Record<string, unknown> {
    const entries = this.object?.metadata?.managedFields ?? [];
    return Object.fromEntries(
      entries.map(({ manager, operation, time, fieldsV1 }) => [
        `${manager} ${operation} ${time?.slice(17, 19)}`,
        fieldsV1,
      ]),
    );
  }
}

function refusal(attempt: () => unknown): QuorateError {
  try {
    attempt();
  } catch (thrown) {
    return QuorateError.from(thrown);
  }
  throw new Error('it was not refused');
}

const has = {};

describe('a ConfigMap', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene(refs.configMaps);
  });

  test('belongs to who applies it, field by field', () => {
    scene.apply('a', { data: { one: '1', two: '2' } });
    expect(scene.owners).toEqual({ 'a Apply 01': { 'f:data': { 'f:one': has, 'f:two': has } } });
    scene.apply('b', { data: { three: '3' } });
    expect(scene.object?.['data']).toEqual({ one: '1', two: '2', three: '3' });
    expect(scene.owners).toEqual({
      'a Apply 01': { 'f:data': { 'f:one': has, 'f:two': has } },
      'b Apply 02': { 'f:data': { 'f:three': has } },
    });
  });

  test('loses what its applier no longer says, unless somebody else does', () => {
    scene.apply('a', { data: { one: '1', two: '2' }, metadata: { name: 'x', labels: { l: 'a' } } });
    scene.apply('b', { data: { two: '2' } });
    scene.apply('a', {});
    expect(scene.object?.['data']).toEqual({ two: '2' });
    expect(scene.object?.metadata?.labels).toBeUndefined();
    expect(Object.keys(scene.owners)).toEqual(['b Apply 02']);
  });

  test('is not changed by an apply of the same, times included', () => {
    const first = scene.apply('a', { data: { one: '1' } });
    expect(scene.apply('a', { data: { one: '1' } })).toEqual(first);
  });

  test('refuses what another one owns, and gives it to who forces it', () => {
    scene.apply('a', { data: { one: '1', two: '2' } });
    const error = refusal(() => scene.apply('b', { data: { one: 'x' } }));
    expect(error.code).toBe('conflict');
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "a": .data.one');
    expect(error.details.causes).toEqual([
      { field: '.data.one', message: 'conflict with "a"', reason: 'FieldManagerConflict' },
    ]);
    scene.update('kubectl-edit', { data: { one: '1', two: 'y' } });
    expect(refusal(() => scene.apply('b', { data: { one: 'x', two: 'x' } })).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "a":\n- .data.one\nconflicts with "kubectl-edit" using v1:\n- .data.two',
    );
    scene.apply('b', { data: { one: 'x' } }, true);
    expect(scene.object?.['data']).toEqual({ one: 'x', two: 'y' });
    expect(Object.keys(scene.owners)).toEqual(['b Apply 05', 'kubectl-edit Update 03']);
  });

  test('tells updates apart by their manager', () => {
    scene.update('curl', { data: { one: '1' } });
    expect(scene.owners).toEqual({ 'curl Update 01': { 'f:data': { '.': has, 'f:one': has } } });
    scene.update('other', { data: { one: '1', two: '2' } });
    scene.update('other', { data: { two: '2' } });
    expect(scene.owners).toEqual({
      'curl Update 01': { 'f:data': has },
      'other Update 02': { 'f:data': { 'f:two': has } },
    });
  });

  test('is no longer tracked after an empty list, until it is applied', () => {
    scene.update('curl', { data: { one: '1' } });
    scene.update('curl', { data: { one: '2' } }, []);
    expect(scene.owners).toEqual({});
    scene.update('curl', { data: { one: '3' } });
    expect(scene.owners).toEqual({});
    const error = refusal(() => scene.apply('a', { data: { one: '4' } }));
    expect(error.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.one',
    );
  });

  test('takes the managers that an update names', () => {
    scene.update('curl', { data: { one: '1' } });
    const [entry] = scene.object?.metadata?.managedFields ?? [];
    scene.update('curl', { data: { one: '1' } }, [
      { ...entry, manager: 'kubectl', operation: 'Apply' },
    ]);
    expect(Object.keys(scene.owners)).toEqual(['kubectl Apply 01']);
  });

  test('counts the oldest of many updaters as one', () => {
    const data: Record<string, string> = {};
    for (let i = 0; i < 14; i++) {
      data[`k${i}`] = '';
      scene.update(`m${i}`, { data });
    }
    const owners = Object.keys(scene.owners);
    expect(owners).toHaveLength(10);
    expect(owners[0]).toMatch(/^ancient-changes Update/);
    expect(owners.at(-1)).toBe('m13 Update 14');
  });
});

describe('a Deployment', () => {
  const labels = { app: 'web' };
  const deployment = (...containers: object[]): object => ({
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  });

  test('has lists of items, and parts that are owned whole', () => {
    const scene = new Scene(refs.deployments);
    scene.apply('a', deployment({ ...container, ports: [{ containerPort: 80 }] }));
    const port = 'k:{"containerPort":80,"protocol":"TCP"}';
    expect(scene.owners).toEqual({
      'a Apply 01': {
        'f:spec': {
          'f:selector': has,
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:app': has } },
            'f:spec': {
              'f:containers': {
                'k:{"name":"main"}': {
                  '.': has,
                  'f:name': has,
                  'f:image': has,
                  'f:ports': { [port]: { '.': has, 'f:containerPort': has } },
                },
              },
            },
          },
        },
      },
    });
  });

  test('keeps the order that is applied, and lets others add', () => {
    const scene = new Scene(refs.deployments);
    scene.apply('a', deployment(container));
    scene.apply('b', deployment({ name: 'side', image: 's' }, { name: 'last', image: 'l' }));
    const names = (): unknown =>
      (
        scene.object as unknown as {
          spec: { template: { spec: { containers: { name: string }[] } } };
        }
      ).spec.template.spec.containers.map(({ name }) => name);
    expect(names()).toEqual(['side', 'last', 'main']);
    scene.apply('b', deployment({ name: 'last', image: 'l' }));
    // What was filled in goes with the item that it was filled into.
    expect(names()).toEqual(['last', 'main']);
  });

  test('says where the conflict is', () => {
    const scene = new Scene(refs.deployments);
    scene.update('kubectl-client-side-apply', deployment(container));
    const other = deployment({ ...container, image: 'other' });
    expect(refusal(() => scene.apply('ci', other)).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.template.spec.containers[name="main"].image',
    );
  });

  test('that kubectl applied before is kubectl’s to apply on the server', () => {
    const scene = new Scene(refs.deployments);
    const before = deployment(container);
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(before),
    };
    scene.update('kubectl-client-side-apply', { ...before, metadata: { name: 'x', annotations } });
    const other = deployment({ ...container, image: 'other' });
    expect(refusal(() => scene.apply('ci', other)).code).toBe('conflict');
    scene.apply('kubectl', other);
    expect(Object.keys(scene.owners)[0]).toMatch(/^kubectl Apply/);
  });

  test('refuses items that cannot be told apart', () => {
    const scene = new Scene(refs.deployments);
    scene.apply('a', deployment(container));
    expect(refusal(() => scene.apply('a', deployment(container, container))).message).toContain(
      '.spec.template.spec.containers: duplicate entries for key [name="main"]',
    );
  });
});

test('a status belongs to who writes it through its subresource', () => {
  const resource = kind(refs.deployments);
  const labels = { app: 'web' };
  const made = create<Doc>(refs.deployments, {
    metadata: { name: 'x' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  });
  const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
  const first = trackUpdate(resource, undefined, made, {
    manager: 'a',
    subresource: '',
    now: at(1),
  });
  const next = { ...first, status: { replicas: 1 } };
  const writer = { manager: 'c', subresource: 'status', now: at(2) };
  const tracked = trackUpdate(resource, first, next, writer);
  expect(tracked.metadata?.managedFields).toHaveLength(2);
  expect(tracked.metadata?.managedFields?.[1]).toEqual({
    manager: 'c',
    operation: 'Update',
    apiVersion: 'apps/v1',
    time: at(2),
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:status': { 'f:replicas': has } },
    subresource: 'status',
  });
});
