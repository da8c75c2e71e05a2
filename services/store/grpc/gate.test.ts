import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { authErrors } from '../auth/errors.ts';
import type { Caller } from '../auth/caller.ts';
import { gated, type Gate } from './gate.ts';

/** A gate at which alice is recognized by one table after the other. */
function gateWith(revisions: readonly number[]): Gate {
  let asked = 0;
  return {
    hasLeader: () => true,
    untilLeaderLost: () => () => undefined,
    isLearner: () => false,
    callerOf: () => Promise.resolve({ user: 'alice', authRevision: revisions[asked++] ?? 0 }),
    authority: () => {
      throw new Error('not asked for');
    },
  };
}

const call = { metadata: new Metadata() } as ServerUnaryCall<string, number>;
const inForce = (revision: number) => (_request: string, caller: Caller) =>
  caller.authRevision < revision
    ? Promise.reject(authErrors.oldRevision())
    : Promise.resolve(caller.authRevision);

test('who was recognized by an old table of users is recognized anew, once', async () => {
  expect(await gated(gateWith([1, 2]), inForce(2))('put', call)).toBe(2);
  await expect(gated(gateWith([1, 1, 2]), inForce(2))('put', call)).rejects.toThrow(
    'revision of auth store is old',
  );
});

test('what is refused for another reason is not tried again', async () => {
  let tries = 0;
  const refused = (): Promise<number> => {
    tries++;
    return Promise.reject(authErrors.permissionDenied());
  };
  await expect(gated(gateWith([1, 2]), refused)('put', call)).rejects.toThrow('permission denied');
  expect(tries).toBe(1);
});

test('who requires a leader is refused at once where none is known; others may wait for one', async () => {
  const gate = { ...gateWith([1, 1]), hasLeader: () => false };
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  const requiring = { metadata } as ServerUnaryCall<string, number>;
  await expect(gated(gate, inForce(1))('put', requiring)).rejects.toThrow('etcdserver: no leader');
  expect(await gated(gate, inForce(1))('put', call)).toBe(1);
});
