import type { Node, Pod, Lease } from '#shared/api';
import { formatAge } from '../print/age.ts';
import { headSection } from './common.ts';
import { formatInnerTable, formatSection, formatTime, mapLines } from './text.ts';

export function describeNode(
  node: Node,
  pods: readonly Pod[],
  lease: Lease | undefined,
  nowMs: number,
): string {
  const { metadata = {}, spec = {}, status = {} } = node;
  const taints = (spec.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`,
  );
  const conditions = (status.conditions ?? []).map((condition) => [
    condition.type,
    condition.status,
    formatTime(condition.lastHeartbeatTime),
    formatTime(condition.lastTransitionTime),
    condition.reason ?? '',
    condition.message ?? '',
  ]);
  const heads = ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'];
  const running = pods.filter(
    ({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  );
  const rows = running.map((pod) => [
    pod.metadata?.namespace ?? '',
    pod.metadata?.name ?? '',
    request(pod, 'cpu'),
    request(pod, 'memory'),
    formatAge(pod.metadata?.creationTimestamp, nowMs),
  ]);
  return [
    formatSection([
      ...headSection(node),
      ['CreationTimestamp', formatTime(metadata.creationTimestamp)],
      ['Taints', taints.length === 0 ? '<none>' : taints],
      ['Unschedulable', String(spec.unschedulable ?? false)],
      [
        'Lease',
        [
          ['HolderIdentity', lease?.spec?.holderIdentity ?? '<unset>'],
          ['RenewTime', formatTime(lease?.spec?.renewTime)],
        ],
      ],
    ]),
    `Conditions:\n${formatInnerTable(heads, conditions)}`,
    formatSection([
      ['Addresses', (status.addresses ?? []).map(({ type, address }) => [type, address] as const)],
      ['Capacity', Object.entries(status.capacity ?? {})],
      ['Allocatable', Object.entries(status.allocatable ?? {})],
      [
        'System Info',
        mapLines(status.nodeInfo as unknown as Record<string, string> | undefined, ': ').map(
          (line) =>
            [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const,
        ),
      ],
      ['PodCIDR', spec.podCIDR ?? '<none>'],
    ]),
    running.length === 0
      ? 'Non-terminated Pods:  (0 in total)\n'
      : `Non-terminated Pods:  (${running.length} in total)\n${formatInnerTable(
          ['Namespace', 'Name', 'CPU Requests', 'Memory Requests', 'Age'],
          rows,
        )}`,
  ].join('');
}

/** Every container's request, as written: quantities are not added up here. */
function request({ spec }: Pod, resource: string): string {
  const requests = (spec?.containers ?? []).map(
    ({ resources }) => resources?.requests?.[resource] ?? '0',
  );
  return requests.join('+');
}
