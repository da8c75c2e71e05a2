import { expect, test } from 'vitest';
import { autoscalerFromV1 } from './horizontal-pod-autoscaler.ts';

test('one of v1 keeps its annotations, and gets none for want of them', () => {
  const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web' } };
  const metadataOf = (metadata: object) => autoscalerFromV1({ metadata, spec }).metadata;
  expect(metadataOf({ name: 'x' })).toEqual({ name: 'x' });
  expect(metadataOf({ name: 'x', annotations: {} })).toEqual({ name: 'x' });
  const annotated = { name: 'x', annotations: { a: 'b' } };
  expect(metadataOf(annotated)).toEqual(annotated);
});
