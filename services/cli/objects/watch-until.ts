import type { KindInfo, KubeObject } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Context } from '../context.ts';
import type { Session } from './session.ts';

/** Whether an object is as wished; `undefined` stands for one that is gone. */
export type Wish = (object: KubeObject | undefined) => boolean;

const retryMs = 250;

/** True when the wish came true, false when `signal` came first. */
export async function watchUntil(
  context: Context,
  session: Session,
  kind: KindInfo,
  name: string,
  wish: Wish,
  signal: AbortSignal,
): Promise<boolean> {
  const namespace = kind.namespaced ? session.namespace : undefined;
  for (;;) {
    try {
      const object = await getOrGone(() => session.api.get(kind, name, namespace));
      if (wish(object)) return true;
      if (signal.aborted) return false;
      const resourceVersion = object?.metadata?.resourceVersion;
      const scope = {
        name,
        signal,
        ...(namespace && { namespace }),
        ...(resourceVersion && { resourceVersion }),
      };
      for await (const event of session.api.watch(kind, scope)) {
        if (event.type === 'BOOKMARK') continue;
        if (wish(event.type === 'DELETED' ? undefined : event.object)) return true;
      }
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'expired', 'unavailable', 'deadline-exceeded')) throw thrown;
    }
    if (signal.aborted) return false;
    await context.clock.sleep(retryMs);
  }
}

async function getOrGone(get: () => Promise<KubeObject>): Promise<KubeObject | undefined> {
  try {
    return await get();
  } catch (thrown) {
    if (QuorateError.is(thrown, 'not-found')) return undefined;
    throw thrown;
  }
}
