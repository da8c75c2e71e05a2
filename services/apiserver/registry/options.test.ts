import { expect, test } from 'vitest';
import {
  checkOptions,
  dryRunCauses,
  fieldManagerCauses,
  fieldValidationCauses,
  parseDeleteOptions,
} from './options.ts';

const thrownBy = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (thrown) {
    return thrown;
  }
};

test('each propagation is known by name', () => {
  const policies = ['Background', 'Foreground', 'Orphan'].map(
    (propagationPolicy) => parseDeleteOptions({ propagationPolicy }).propagation,
  );
  expect(policies).toEqual(['background', 'foreground', 'orphan']);
  expect(parseDeleteOptions({ orphanDependents: true })).toMatchObject({ propagation: 'orphan' });
  expect(parseDeleteOptions({ dryRun: ['All'] })).toMatchObject({ dryRun: true });
});

test.each<[object, string]>([
  [
    { propagationPolicy: 'Sideways' },
    'propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
  ],
  [
    { propagationPolicy: 'Orphan', orphanDependents: true },
    'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  ],
  [
    { dryRun: ['All', 'Some'] },
    'dryRun: Unsupported value: []string{"All", "Some"}: supported values: "All"',
  ],
])('%j is invalid, in the words of Kubernetes', (body, message) => {
  expect(thrownBy(() => parseDeleteOptions(body))).toMatchObject({
    code: 'invalid',
    message: `DeleteOptions.meta.k8s.io "" is invalid: ${message}`,
  });
});

test('options of other types do not decode', () => {
  for (const body of [
    { propagationPolicy: 5 },
    { gracePeriodSeconds: 'x' },
    { gracePeriodSeconds: 1.5 },
    { dryRun: 'All' },
    [],
  ]) {
    expect(thrownBy(() => parseDeleteOptions(body))).toMatchObject({ code: 'bad-request' });
  }
});

test('all that is wrong with a write is said at once', () => {
  const causes = [
    ...fieldManagerCauses(`é\n${'x'.repeat(128)}`),
    ...dryRunCauses(['x']),
    ...fieldValidationCauses('Loud'),
  ];
  const { message } = thrownBy(() => checkOptions('CreateOptions', causes)) as Error;
  expect(message).toContain(
    'CreateOptions.meta.k8s.io "" is invalid: [fieldManager: Too long: may not be more than 128 bytes, ',
  );
  expect(message).toContain('invalid character U+000A (at position 2), dryRun: ');
  expect(message).toContain(
    'fieldValidation: Unsupported value: "Loud": supported values: "", "Ignore", "Strict", "Warn"]',
  );
});
