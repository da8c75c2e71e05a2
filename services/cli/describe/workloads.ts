import type { Deployment, ReplicaSet } from '#shared/api';
import {
  conditionsTable,
  controlledBy,
  headSection,
  selectorLine,
  templateSection,
} from './common.ts';
import { formatSection, formatTime } from './text.ts';

export function describeDeployment(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): string {
  const { metadata = {}, spec, status = {} } = deployment;
  const {
    replicas = 0,
    updatedReplicas = 0,
    availableReplicas = 0,
    unavailableReplicas = 0,
  } = status;
  const rolling = spec?.strategy?.rollingUpdate;
  const owned = replicaSets
    .filter((one) => one.metadata?.ownerReferences?.some(({ uid }) => uid === metadata.uid))
    .toSorted((a, b) => revision(b) - revision(a));
  const names = (list: readonly ReplicaSet[]): string =>
    list
      .map(
        (one) =>
          `${one.metadata?.name} (${one.status?.replicas ?? 0}/${one.spec?.replicas ?? 0} replicas created)`,
      )
      .join(', ') || '<none>';
  return [
    formatSection([
      ...headSection(deployment).slice(0, 2),
      ['CreationTimestamp', formatTime(metadata.creationTimestamp)],
      ...headSection(deployment).slice(2),
      ['Selector', selectorLine(spec?.selector)],
      [
        'Replicas',
        `${spec?.replicas ?? 1} desired | ${updatedReplicas} updated | ${replicas} total | ` +
          `${availableReplicas} available | ${unavailableReplicas} unavailable`,
      ],
      ['StrategyType', spec?.strategy?.type ?? 'RollingUpdate'],
      ['MinReadySeconds', String(spec?.minReadySeconds ?? 0)],
      ...(rolling
        ? ([
            [
              'RollingUpdateStrategy',
              `${String(rolling.maxUnavailable)} max unavailable, ${String(rolling.maxSurge)} max surge`,
            ],
          ] as const)
        : []),
      ['Pod Template', templateSection(spec?.template)],
    ]),
    conditionsTable(status.conditions, true),
    formatSection([
      ['OldReplicaSets', names(owned.slice(1).filter((one) => (one.status?.replicas ?? 0) > 0))],
      ['NewReplicaSet', names(owned.slice(0, 1))],
    ]),
  ].join('');
}

const revision = ({ metadata }: ReplicaSet): number =>
  Number(metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

export function describeReplicaSet(replicaSet: ReplicaSet): string {
  const { spec, status } = replicaSet;
  return (
    formatSection([
      ...headSection(replicaSet),
      ['Selector', selectorLine(spec?.selector)],
      ['Controlled By', controlledBy(replicaSet)],
      ['Replicas', `${status?.replicas ?? 0} current / ${spec?.replicas ?? 1} desired`],
      ['Ready', `${status?.readyReplicas ?? 0} ready, ${status?.availableReplicas ?? 0} available`],
      ['Pod Template', templateSection(spec?.template)],
    ]) + conditionsTable(status?.conditions, true)
  );
}
