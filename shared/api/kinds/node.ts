import { forbidden } from '../causes.ts';
import { ageColumn, column, nameColumn, none, wide } from '../columns.ts';
import { getCondition } from '../conditions.ts';
import type { Node } from '../types.ts';
import { validateTaints } from '../validation/taints.ts';
import { declare } from './declare.ts';

const rolePrefix = 'node-role.kubernetes.io/';
const unknown = '<unknown>';

export const node = declare<Node>({
  group: '',
  resource: 'nodes',
  kind: 'Node',
  shortNames: ['no'],
  namespaced: false,
  hasStatus: true,
  subresources: ['proxy'],
  columns: [
    nameColumn,
    column('Status', readiness, 'Whether it is ready and takes pods.'),
    column('Roles', roles, 'The roles of the node.'),
    ageColumn,
    column('Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? '', 'Of its agent.'),
    wide('Internal-IP', (node) => address(node, 'InternalIP'), 'Its address in the cluster.'),
    wide('External-IP', (node) => address(node, 'ExternalIP'), 'Its address from outside.'),
    wide('OS-Image', ({ status }) => status?.nodeInfo?.osImage || unknown, 'Operating system.'),
    wide('Kernel-Version', ({ status }) => status?.nodeInfo?.kernelVersion || unknown, 'Kernel.'),
    wide(
      'Container-Runtime',
      ({ status }) => status?.nodeInfo?.containerRuntimeVersion || unknown,
      'What runs its containers.',
    ),
  ],
  selectableFields: {
    'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false),
  },
  defaults: ({ spec }) => {
    if (spec?.podCIDR) spec.podCIDRs ??= [spec.podCIDR];
  },
  prepareForUpdate: (draft, old) => {
    // A manifest without the ranges that the server gave does not mean to take them away.
    if (!old.spec?.podCIDR || draft.spec?.podCIDR) return;
    const { podCIDR, podCIDRs = [podCIDR] } = old.spec;
    draft.spec = { ...draft.spec, podCIDR, podCIDRs };
  },
  validate: (node, old) => {
    const causes = validateTaints(node.spec?.taints ?? [], 'spec.taints');
    const before = old?.spec?.podCIDR;
    if (before && node.spec?.podCIDR !== before) {
      const detail = 'node updates may not change podCIDR except from "" to valid';
      causes.push(forbidden('spec.podCIDR', detail));
    }
    return causes;
  },
  claims: ({ spec }) => (spec?.podCIDR ? [`podcidr/${spec.podCIDR}`] : []),
});

function readiness({ spec, status }: Node): string {
  const ready = getCondition(status?.conditions, 'Ready');
  const word = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

function roles({ metadata }: Node): string {
  const found = Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix) && key !== rolePrefix) return [key.slice(rolePrefix.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return [...new Set(found)].sort().join(',') || none;
}

const address = ({ status }: Node, type: string): string =>
  status?.addresses?.find((each) => each.type === type)?.address ?? none;
