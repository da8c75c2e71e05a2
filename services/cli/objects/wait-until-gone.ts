import type { KindInfo, KubeObject } from '#shared/api';
import type { Context } from '../context.ts';
import type { Session } from './session.ts';
import { watchUntil } from './watch-until.ts';

/**
 * True when this very object is gone (another one of its name does not count), false when `signal`
 * came first.
 */
export function waitUntilGone(
  context: Context,
  session: Session,
  kind: KindInfo,
  { metadata }: KubeObject,
  signal: AbortSignal,
): Promise<boolean> {
  const { name = '', namespace, uid } = metadata ?? {};
  const gone = (now: KubeObject | undefined): boolean => now?.metadata?.uid !== uid;
  const place = { ...session, namespace: namespace ?? session.namespace };
  return watchUntil(context, place, kind, name, gone, signal);
}
