import { expect, it } from 'vitest';
import { contentType, metadataTransforms, negotiate, tableTransform } from './negotiate.ts';

const offered = [tableTransform, ...metadataTransforms];
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

it('takes the first form that it can give', () => {
  const old = 'application/json;as=Table;v=v1beta1;g=meta.k8s.io';
  expect(negotiate(`${table},${old},application/json`, offered)).toBe(tableTransform);
  expect(negotiate(`${old}, application/json`, offered)).toBeUndefined();
  expect(negotiate(`application/json,${table}`, offered)).toBeUndefined();
  expect(negotiate(`${table},application/json`)).toBeUndefined();
});

it.each([
  undefined,
  '',
  '*/*',
  'application/*',
  'application/json;stream=watch',
  'text/html,*/*;q=0.8',
])('gives JSON for %s', (accept) => expect(negotiate(accept, offered)).toBeUndefined());

it('passes over what it cannot give, and says so where nothing is left', () => {
  expect(negotiate('application/vnd.kubernetes.protobuf,application/json')).toBeUndefined();
  expect(() => negotiate('application/vnd.kubernetes.protobuf')).toThrow(
    'only the following media types are accepted: application/json',
  );
  expect(() => negotiate(table)).toThrow('media types');
});

it('says which form an answer has', () => {
  expect(contentType(tableTransform)).toBe('application/json;g=meta.k8s.io;v=v1;as=Table');
  expect(contentType(undefined)).toBe('application/json');
});
