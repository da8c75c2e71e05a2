import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cloneJson } from './clone.ts';
import { getCondition, isConditionTrue, setCondition } from './conditions.ts';
import { rolloutStatus } from './deployments.ts';
import { equalJson } from './equal.ts';
import { resolveFenceposts, scaledValue } from './int-or-percent.ts';
import {
  getControllerOf,
  isControlledBy,
  newControllerRef,
  objectKey,
  splitKey,
} from './owners.ts';
import { refs } from './refs.ts';
import { podTemplateHash } from './template-hash.ts';
import { create, deploymentManifest, kind, refusal } from './testing/samples.ts';
import { base64, utf8Length } from './text.ts';
import type { Deployment } from './types.ts';

test('surge rounds up, unavailable down, and both are never none', () => {
  expect(scaledValue('25%', 3, 'up')).toBe(1);
  expect(scaledValue('25%', 3, 'down')).toBe(0);
  expect(scaledValue(2, 10, 'up')).toBe(2);
  expect(refusal(() => scaledValue('many', 3, 'up'))).toContain('is not a percentage');
  expect(resolveFenceposts('25%', '25%', 3)).toEqual({ surge: 1, unavailable: 0 });
  expect(resolveFenceposts(0, '10%', 3)).toEqual({ surge: 0, unavailable: 1 });
});

test('controllers', () => {
  const owner = create<Deployment>(refs.deployments, deploymentManifest());
  const ref = newControllerRef(owner, kind(refs.deployments));
  expect(ref).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'web',
    uid: '0a',
    controller: true,
    blockOwnerDeletion: true,
  });
  const owned = { metadata: { ownerReferences: [{ ...ref, controller: false }, ref] } };
  expect(getControllerOf(owned)).toBe(ref);
  expect(isControlledBy(owned, owner)).toBe(true);
  expect(isControlledBy({ metadata: {} }, {})).toBe(false);
});

test('keys', () => {
  expect(objectKey({ metadata: { namespace: 'a', name: 'b' } })).toBe('a/b');
  expect(objectKey({ metadata: { name: 'b' } })).toBe('b');
  expect(splitKey('a/b')).toEqual({ namespace: 'a', name: 'b' });
  expect(splitKey('b')).toEqual({ namespace: '', name: 'b' });
});

test('a condition moves its time only when its status changes', () => {
  const first = setCondition(undefined, { type: 'Ready', status: 'True', lastTransitionTime: '1' });
  const same = setCondition(first, { type: 'Ready', status: 'True', lastTransitionTime: '2' });
  expect(getCondition(same, 'Ready')?.lastTransitionTime).toBe('1');
  const changed = setCondition(same, { type: 'Ready', status: 'False', lastTransitionTime: '3' });
  expect(changed).toEqual([{ type: 'Ready', status: 'False', lastTransitionTime: '3' }]);
  expect(isConditionTrue(changed, 'Ready')).toBe(false);
});

test('the template hash does not depend on the order of fields', () => {
  const hash = podTemplateHash({ a: 1, b: { c: 'x', d: [1, 2] } });
  expect(podTemplateHash({ b: { d: [1, 2], c: 'x' }, a: 1 })).toBe(hash);
  expect(podTemplateHash({ a: 2, b: { c: 'x', d: [1, 2] } })).not.toBe(hash);
  expect(podTemplateHash({ b: { d: [2, 1], c: 'x' }, a: 1 })).not.toBe(hash);
  expect(podTemplateHash({ a: 1 }, 1)).not.toBe(podTemplateHash({ a: 1 }));
  expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});

test('deep equality agrees with JSON, and takes undefined as absent', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(equalJson(value, structuredClone(value))).toBe(true);
    }),
  );
  expect(equalJson({ a: undefined }, {})).toBe(true);
  expect(equalJson({}, { a: null })).toBe(false);
  expect(equalJson([], {})).toBe(false);
  expect(equalJson([1], [1, 2])).toBe(false);
});

test('copies are equal, and share nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(cloneJson(value)).toEqual(value);
    }),
  );
  const value = JSON.parse('{"a": [{"b": 1}], "__proto__": {"c": 1}}');
  const copy = cloneJson(value);
  expect(copy).not.toBe(value);
  expect(copy.a[0]).not.toBe(value.a[0]);
  expect(Object.keys(copy)).toEqual(['a', '__proto__']);
});

test('UTF-8 lengths and base64 agree with Node', () => {
  const scalars = fc.oneof(
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  );
  const texts = fc.array(scalars).map((points) => String.fromCodePoint(...points));
  fc.assert(
    fc.property(texts, (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
      expect(base64(text)).toBe(Buffer.from(text).toString('base64'));
    }),
  );
});

test.each([
  [{}, 'Waiting for deployment spec update to be observed...', false],
  [
    { observedGeneration: 1, replicas: 3, updatedReplicas: 1 },
    'Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...',
    false,
  ],
  [
    { observedGeneration: 1, replicas: 5, updatedReplicas: 3 },
    'Waiting for deployment "web" rollout to finish: 2 old replicas are pending termination...',
    false,
  ],
  [
    { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 2 },
    'Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...',
    false,
  ],
  [
    { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 },
    'deployment "web" successfully rolled out',
    true,
  ],
])('rollout %j', (status, message, done) => {
  const deployment = create<Deployment>(refs.deployments, deploymentManifest({ replicas: 3 }));
  expect(rolloutStatus({ ...deployment, status })).toEqual({ message, done, failed: false });
});

test('a rollout past its deadline has failed', () => {
  const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
  const deployment = create<Deployment>(refs.deployments, deploymentManifest());
  expect(
    rolloutStatus({ ...deployment, status: { observedGeneration: 1, conditions } }),
  ).toMatchObject({ failed: true, message: 'deployment "web" exceeded its progress deadline' });
});
