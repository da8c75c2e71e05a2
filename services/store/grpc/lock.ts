import { headerToWire, keyFromWire, keyToWire } from '#shared/rpc';
import type { LockHandlers } from '../../../shared/rpc/gen/v3lockpb/Lock.ts';
import { lock } from '../recipes/lock.ts';
import type { RecipeParts } from '../recipes/session.ts';
import type { Gate } from './gate.ts';
import { recipe } from './recipe.ts';

export function lockHandlers(parts: RecipeParts, gate: Gate): LockHandlers {
  return {
    Lock: recipe(gate, async ({ name, lease }, signal) => {
      const { key, header } = await lock(parts, keyFromWire(name), BigInt(lease), signal);
      return { header: headerToWire(header), key: keyToWire(key) };
    }),
    Unlock: recipe(gate, async ({ key }) => {
      const { header } = await parts.kv.deleteRange({ key: keyFromWire(key) });
      return { header: headerToWire(header) };
    }),
  };
}
