import { required } from '../causes.ts';
import { ageColumn, column, nameColumn, none, wide } from '../columns.ts';
import { isConditionTrue } from '../conditions.ts';
import { defaultPodSpec, defaultRequests } from '../defaults/pod-spec.ts';
import { summarizePod } from '../pod-summary.ts';
import { isPodTerminal } from '../pods.ts';
import { qosClass } from '../qos.ts';
import { humanDuration } from '../time.ts';
import type { Pod, PodStatus } from '../types.ts';
import { validatePodSpec, validatePodSpecUpdate } from '../validation/pod-spec.ts';
import { declare } from './declare.ts';

export const pod = declare<Pod>({
  group: '',
  resource: 'pods',
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  hasStatus: true,
  subresources: [
    'attach',
    'binding',
    'ephemeralcontainers',
    'eviction',
    'exec',
    'log',
    'portforward',
    'proxy',
  ],
  columns: [
    nameColumn,
    column('Ready', ready, 'How many of its containers are ready.'),
    column('Status', (pod) => summarizePod(pod).status, 'What the pod is doing.'),
    column('Restarts', restarts, 'How often its containers were started again, and when last.'),
    ageColumn,
    wide('IP', ({ status }) => status?.podIP || none, 'Its address.'),
    wide('Node', ({ spec }) => spec?.nodeName || none, 'Where it runs.'),
    wide(
      'Nominated Node',
      ({ status }) => status?.nominatedNodeName || none,
      'Where it will run once others have made room.',
    ),
    wide('Readiness Gates', readinessGates, 'How many of its readiness gates are passed.'),
  ],
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec?.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec?.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIP ?? '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  prepareForCreate: (draft) => {
    draft.status = { phase: 'Pending', ...held(draft) };
  },
  defaults: (draft) => {
    const { spec, status } = draft;
    if (!spec) return;
    defaultPodSpec(spec);
    spec.enableServiceLinks ??= true;
    defaultRequests(spec);
    if (status) status.qosClass ??= qosClass(spec);
  },
  validate: (pod, old) => {
    if (!pod.spec) return [required('spec.containers')];
    return old ? validatePodSpecUpdate(pod, old) : validatePodSpec(pod.spec, 'spec');
  },
  deletion: { graceSeconds },
});

/** Who waits for somebody's word says so from the start. */
function held({ spec }: Pod): Partial<PodStatus> {
  if ((spec?.schedulingGates ?? []).length === 0) return {};
  const message = 'Scheduling is blocked due to non-empty scheduling gates';
  const condition = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message };
  return { conditions: [condition] };
}

/** A pod that no agent runs is removed at once; else its agent gets the time that the pod asks for. */
function graceSeconds(pod: Pod, requested: number | undefined): number {
  if (!pod.spec?.nodeName || isPodTerminal(pod)) return 0;
  const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  // Kubernetes takes a negative period as the shortest one.
  return seconds < 0 ? 1 : seconds;
}

function ready(pod: Pod): string {
  const { readyContainers, totalContainers } = summarizePod(pod);
  return `${readyContainers}/${totalContainers}`;
}

function restarts(pod: Pod, nowMs: number): string {
  const { restarts, lastRestartMs } = summarizePod(pod);
  if (restarts === 0 || lastRestartMs === undefined) return String(restarts);
  return `${restarts} (${humanDuration(nowMs - lastRestartMs)} ago)`;
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  const passed = gates.filter(({ conditionType }) =>
    isConditionTrue(status?.conditions, conditionType),
  );
  return `${passed.length}/${gates.length}`;
}
