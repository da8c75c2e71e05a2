import { disruptionTarget, isPodTerminal, type Pod, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { timestamp } from '#shared/client';
import { type Controller, type ControllerContext, everyPeriod } from '../controller.ts';
import { type DoomedPod, planPodGc } from './plan.ts';

/** Removes pods that no agent will report the end of. */
export function podGcController(context: ControllerContext): Controller {
  // Asked for now, so that they are started with the others.
  const { pods, nodes } = context.informers;
  const periodMs = context.config.podGcPeriodMs;
  return {
    name: 'pod-gc',
    run: (signal) =>
      everyPeriod(context, { controller: 'pod-gc', periodMs, signal }, async () => {
        for (const doomed of planPodGc(pods.store.list(), nodes.store.list())) {
          const { pod, reason } = doomed;
          if (reason === 'orphaned' && (await nodeExists(context, pod))) continue;
          await remove(context, doomed);
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

async function remove(context: ControllerContext, doomed: DoomedPod): Promise<void> {
  const { api, log } = context;
  const { pod, reason } = doomed;
  const { name = '', namespace, uid } = pod.metadata ?? {};
  log.info({ pod: `${namespace}/${name}`, reason }, 'removing pod');
  try {
    const options = { namespace, uid, gracePeriodSeconds: 0 };
    const { object, gone } = await api.delete<Pod>(refs.pods, name, options);
    if (!gone && !isPodTerminal(object)) await markFailed(context, { pod: object, reason });
  } catch (thrown) {
    if (!QuorateError.is(thrown, 'not-found', 'conflict')) throw thrown;
  }
}

/**
 * Of one that stays for the sake of a finalizer: nobody else will ever say that it has ended, and a Job that counts
 * it waits for that. Not before its deletion: its agent may live, and take it back.
 */
async function markFailed(
  { api, clock }: ControllerContext,
  { pod, reason }: DoomedPod,
): Promise<void> {
  const { name = '', namespace, uid = '', resourceVersion = '' } = pod.metadata ?? {};
  const message = 'PodGC: node no longer exists';
  const why = disruptionTarget('DeletionByPodGC', message, timestamp(clock));
  const status = { phase: 'Failed', ...(reason === 'orphaned' && { conditions: [why] }) };
  const patch = { metadata: { uid, resourceVersion }, status };
  await api.patch(refs.pods, name, 'strategic', patch, { namespace, subresource: 'status' });
}
