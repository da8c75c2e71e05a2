import type { KindInfo, KubeObject } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Context } from '../context.ts';
import type { Session } from './session.ts';

const retryMs = 250;

/** Resolves when this very object is gone; another one of its name does not count. */
export async function waitUntilGone(
  context: Context,
  session: Session,
  kind: KindInfo,
  object: KubeObject,
): Promise<void> {
  const { name = '', namespace, uid } = object.metadata ?? {};
  for (;;) {
    try {
      const now = await session.api.get(kind, name, namespace);
      if (now.metadata?.uid !== uid) return;
      const resourceVersion = now.metadata?.resourceVersion;
      const watch = { name, ...(namespace && { namespace }), resourceVersion };
      for await (const event of session.api.watch(kind, watch)) {
        if (event.type === 'DELETED' && event.object.metadata?.uid === uid) return;
      }
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found')) return;
      if (!QuorateError.is(thrown, 'expired', 'unavailable', 'deadline-exceeded')) throw thrown;
    }
    await context.clock.sleep(retryMs);
  }
}
