import { expect, test } from 'vitest';
import type { Event } from '#shared/mvcc';
import { Claims } from './claims.ts';
import { broken } from './testing.ts';

const service = '/registry/services/specs/default/s';
const claim = '/registry/claims/clusterip/10.0.0.9';

function event(type: 'put' | 'delete', key: string, text = ''): Event {
  const value = Buffer.from(text);
  return { type, kv: { key, value, createRevision: 1, modRevision: 1, version: 1, lease: 0n } };
}

test('an address is free again when its object is gone', () => {
  const claims = new Claims();
  claims.events([event('put', service), event('put', claim, service)]);
  expect(broken(() => claims.judge())).toBe('kept');
  claims.events([event('delete', service), event('delete', claim)]);
  expect(broken(() => claims.judge())).toBe('kept');
  claims.events([event('put', service), event('put', claim, service)]);
  claims.events([event('delete', service)]);
  expect(broken(() => claims.judge())).toMatch(/10.0.0.9 is still/);
});
