import { headerToWire, keyFromWire, keyToWire } from '#shared/rpc';
import type { LockHandlers } from '../../../shared/rpc/gen/v3lockpb/Lock.ts';
import { lock } from '../recipes/lock.ts';
import type { Gate } from './gate.ts';
import { type PartsFor, recipe } from './recipe.ts';

export function lockHandlers(partsFor: PartsFor, gate: Gate): LockHandlers {
  return {
    Lock: recipe(gate, partsFor, async ({ name, lease }, parts, signal) => {
      const { key, header } = await lock(parts, keyFromWire(name), BigInt(lease), signal);
      return { header: headerToWire(header), key: keyToWire(key) };
    }),
    Unlock: recipe(gate, partsFor, async ({ key }, { kv }) => {
      const { header } = await kv.deleteRange({ key: keyFromWire(key) });
      return { header: headerToWire(header) };
    }),
  };
}
