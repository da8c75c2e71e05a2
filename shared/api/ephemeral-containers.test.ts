import { expect, test } from 'vitest';
import { type Pod, prepareEphemeralContainers, refs } from './index.ts';
import { create, kind, podManifest, refusal } from './testing/samples.ts';

const pod = create<Pod>(refs.pods, podManifest());
const resource = kind(refs.pods);

type Ephemeral = NonNullable<NonNullable<Pod['spec']>['ephemeralContainers']>;

const replaced = (old: Pod, ephemeralContainers: Ephemeral): Pod => {
  const spec = { containers: [], ephemeralContainers };
  return prepareEphemeralContainers(resource, { spec }, old);
};

test('one more container, and nothing else of the pod', () => {
  const after = replaced(pod, [{ name: 'look', image: 'busybox', targetContainerName: 'main' }]);
  expect(after.spec?.ephemeralContainers).toMatchObject([
    { name: 'look', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' },
  ]);
  expect(after.spec?.containers).toEqual(pod.spec?.containers);
});

test('those that are there stay as they are', () => {
  const one = replaced(pod, [{ name: 'look', image: 'busybox' }]);
  const field = 'spec.ephemeralContainers: Forbidden: existing ephemeral containers';
  expect(refusal(() => replaced(one, []))).toBe(`${field} "look" may not be removed`);
  expect(refusal(() => replaced(one, [{ name: 'look', image: 'alpine' }]))).toBe(
    `${field} "look" may not be changed`,
  );
  const kept = one.spec?.ephemeralContainers ?? [];
  const two = replaced(one, [...kept, { name: 'again', image: 'busybox' }]);
  expect(two.spec?.ephemeralContainers?.map(({ name }) => name)).toEqual(['look', 'again']);
});

test('names are unique in the pod, targets exist, and nothing restarts or serves', () => {
  const bad = {
    name: 'main',
    image: 'x',
    targetContainerName: 'none',
    ports: [{ containerPort: 1 }],
  };
  const said = refusal(() => replaced(pod, [bad]));
  expect(said).toContain('spec.ephemeralContainers[0].name: Duplicate value: "main"');
  expect(said).toContain('spec.ephemeralContainers[0].targetContainerName: Not found: "none"');
  expect(said).toContain(
    'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
  );
});
