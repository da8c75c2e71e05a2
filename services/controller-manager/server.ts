import type { KindInfo } from '#shared/api';
import { QuorateError, type Rng } from '#shared/base';
import { type ApiClient, type Fence, fencedApi, runElected } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Authority } from '#shared/pki';
import type { Logger } from '#shared/runtime';
import { type ControllerManagerConfig, defaultControllerManagerConfig } from './config.ts';
import { certificateController } from './certificates/controller.ts';
import { clusterRoleAggregation } from './clusterrole-aggregation/controller.ts';
import type { Controller, ControllerContext, ControllerFactory } from './controller.ts';
import { cronJobController } from './cronjob/controller.ts';
import { daemonSetController } from './daemonset/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { disruptionController } from './disruption/controller.ts';
import { endpointsController } from './endpoints/controller.ts';
import { endpointSliceController } from './endpointslice/controller.ts';
import { garbageCollector } from './garbage-collector/controller.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import { jobController } from './job/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeLifecycleController } from './node-lifecycle/controller.ts';
import { persistentVolumeController } from './persistent-volume/controller.ts';
import { ephemeralVolumes } from './persistent-volume/ephemeral.ts';
import { claimProtection, volumeProtection } from './persistent-volume/protection.ts';
import { podGcController } from './pod-gc/controller.ts';
import { replicaSetController, replicationController } from './replicaset/controller.ts';
import { resourceQuotaController } from './resourcequota/controller.ts';
import { rootCaPublisher } from './root-ca/controller.ts';
import { serviceAccountController } from './serviceaccount/controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts';
import { statefulSetController } from './statefulset/controller.ts';
import { SharedInformers } from './shared-informers.ts';

export interface ControllerManagerOptions {
  readonly api: ApiClient;
  /** The API as a service account of kube-system, for controllers with rights of their own. */
  readonly apiFor?: ((account: string) => ApiClient) | undefined;
  /** PEM of the authority to publish in every namespace; absent: none is. */
  readonly rootCa?: string | undefined;
  /** What signs requests for certificates; absent: nobody does. */
  readonly authority?: (() => Promise<Authority>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Unique per process instance. */
  readonly identity: string;
  readonly rng: Rng;
  readonly config?: Partial<ControllerManagerConfig> | undefined;
}

export interface ControllerManager {
  /** Resolves at once: it takes part in the election from then on. */
  start(): Promise<void>;
  /** Ends the work and resigns, so that another one takes over without waiting. */
  stop(): Promise<void>;
}

const factories: readonly ControllerFactory[] = [
  deploymentController,
  replicaSetController,
  replicationController,
  endpointSliceController,
  namespaceController,
  nodeLifecycleController,
  podGcController,
  statefulSetController,
  daemonSetController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  endpointsController,
  disruptionController,
  horizontalPodAutoscalerController,
  serviceAccountController,
  persistentVolumeController,
  claimProtection,
  ephemeralVolumes,
  volumeProtection,
];

export function createControllerManager(options: ControllerManagerOptions): ControllerManager {
  const { api, clock, log, identity, rng } = options;
  const config = { ...defaultControllerManagerConfig, ...options.config };
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const lead = async (fence: Fence, signal: AbortSignal): Promise<void> => {
    const fenced = fencedApi(api, fence);
    const kinds = await servedKinds(options, signal);
    if (!kinds || signal.aborted) return;
    const apiFor = (account: string): ApiClient =>
      fencedApi(options.apiFor?.(account) ?? api, fence);
    const parts = { api: fenced, clock, log, rng, config };
    const { rootCa, authority } = options;
    await runControllers(parts, { kinds, apiFor, rootCa, authority }, signal);
  };
  return {
    start() {
      const { leaseSeconds } = config;
      const election = 'kube-controller-manager';
      const { signal } = stopping;
      const elected = { api, election, identity, leaseSeconds, clock, log, signal };
      running ??= runElected(elected, lead);
      return Promise.resolve();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

const discoveryRetryMs = 500;

/** Asked for until somebody answers; undefined: the lead was lost before. */
async function servedKinds(
  { api, clock, log }: ControllerManagerOptions,
  signal: AbortSignal,
): Promise<readonly KindInfo[] | undefined> {
  while (!signal.aborted) {
    try {
      return await api.kinds();
    } catch (thrown) {
      const { message } = QuorateError.from(thrown);
      log.warn({ error: message }, 'no API server says what it serves');
    }
    // Aborted while waiting: the loop's condition ends it.
    await clock.sleep(discoveryRetryMs, signal).catch(() => undefined);
  }
  return undefined;
}

/** One term of leading: what the controllers know starts from nothing and is thrown away at the end. */
async function runControllers(
  parts: Omit<ControllerContext, 'informers'>,
  more: {
    readonly kinds: readonly KindInfo[];
    readonly apiFor: (account: string) => ApiClient;
    readonly rootCa: string | undefined;
    readonly authority: ControllerManagerOptions['authority'];
  },
  signal: AbortSignal,
): Promise<void> {
  const informers = new SharedInformers(parts);
  const context: ControllerContext = { ...parts, informers };
  const controllers: Controller[] = factories.map((create) => create(context));
  controllers.push(garbageCollector(context, more.kinds));
  controllers.push(resourceQuotaController(context, more.kinds));
  if (more.rootCa !== undefined) controllers.push(rootCaPublisher(context, more.rootCa));
  if (more.authority) controllers.push(certificateController(context, more.authority));
  const aggregation = more.apiFor('clusterrole-aggregation-controller');
  controllers.push(clusterRoleAggregation({ ...context, api: aggregation }));
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([informers.start(), aborted]);
  await Promise.all(controllers.map((controller) => controller.run(signal)));
  await informers.stop();
}
