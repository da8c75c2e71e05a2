import type { Event } from '#shared/mvcc';

/** A key's first put. */
export const put = (key: string, value: string, modRevision: number, lease = 0n): Event => ({
  type: 'put',
  kv: {
    key,
    value: Buffer.from(value),
    createRevision: modRevision,
    modRevision,
    version: 1,
    lease,
  },
});
