import { type Pod, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { type Controller, type ControllerContext, everyPeriod } from '../controller.ts';
import { planPodGc } from './plan.ts';

/** Removes pods that no agent will report the end of. */
export function podGcController(context: ControllerContext): Controller {
  // Asked for now, so that they are started with the others.
  const { pods, nodes } = context.informers;
  const periodMs = context.config.podGcPeriodMs;
  return {
    name: 'pod-gc',
    run: (signal) =>
      everyPeriod(context, { controller: 'pod-gc', periodMs, signal }, async () => {
        for (const { pod, reason } of planPodGc(pods.store.list(), nodes.store.list())) {
          if (reason === 'orphaned' && (await nodeExists(context, pod))) continue;
          await remove(context, pod, reason);
        }
      }),
  };
}

/** The caches of pods and nodes are not of one revision: a node just made may be missing. */
async function nodeExists({ api }: ControllerContext, pod: Pod): Promise<boolean> {
  try {
    await api.get(refs.nodes, pod.spec?.nodeName ?? '');
    return true;
  } catch (thrown) {
    if (QuorateError.is(thrown, 'not-found')) return false;
    throw thrown;
  }
}

async function remove({ api, log }: ControllerContext, pod: Pod, reason: string): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  log.info({ pod: `${namespace}/${name}`, reason }, 'removing pod');
  try {
    await api.delete(refs.pods, name, { namespace, uid, gracePeriodSeconds: 0 });
  } catch (thrown) {
    if (!QuorateError.is(thrown, 'not-found', 'conflict')) throw thrown;
  }
}
