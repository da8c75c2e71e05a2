import { expect, test } from 'vitest';
import { required } from './causes.ts';
import { alreadyExists, conflict, forbiddenTo, invalid, notFound, statusFor } from './errors.ts';

const deployments = { group: 'apps', resource: 'deployments' };
const pods = { group: '', resource: 'pods' };

test("Kubernetes' wording", () => {
  expect(notFound(deployments, 'x').message).toBe('deployments.apps "x" not found');
  expect(notFound(pods, 'x').message).toBe('pods "x" not found');
  expect(alreadyExists(pods, 'x').message).toBe('pods "x" already exists');
  expect(conflict(deployments, 'x').message).toBe(
    'Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again',
  );
  expect(forbiddenTo(pods, 'x', 'no').message).toBe('pods "x" is forbidden: no');
  const kind = { group: 'apps', kind: 'Deployment' };
  expect(invalid(kind, 'x', [required('a')]).message).toBe(
    'Deployment.apps "x" is invalid: a: Required value',
  );
  expect(invalid(kind, 'x', [required('a'), required('b')]).message).toBe(
    'Deployment.apps "x" is invalid: [a: Required value, b: Required value]',
  );
});

test('an error as a Status', () => {
  expect(statusFor(notFound(deployments, 'x'))).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'deployments.apps "x" not found',
    reason: 'NotFound',
    details: { name: 'x', group: 'apps', kind: 'deployments' },
    code: 404,
  });
  const status = statusFor(invalid({ group: '', kind: 'Pod' }, 'x', [required('spec')]));
  expect(status).toMatchObject({ code: 422, reason: 'Invalid' });
  expect(status.details?.causes).toEqual([
    { field: 'spec', message: 'Required value', reason: 'FieldValueRequired' },
  ]);
});
