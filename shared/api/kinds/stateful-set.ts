import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, required } from '../causes.ts';
import { ageColumn, column, containerColumns, nameColumn } from '../columns.ts';
import { defaultClaimSpec } from '../defaults/claim-spec.ts';
import { defaultPodSpec } from '../defaults/pod-spec.ts';
import { equalJson } from '../equal.ts';
import type { StatefulSet } from '../types.ts';
import { atLeastZero, validateNonNegative } from '../validation/probes.ts';
import { validateWorkload } from '../validation/workloads.ts';
import { declare } from './declare.ts';

type Spec = NonNullable<StatefulSet['spec']>;

export const statefulSet = declare<StatefulSet>({
  group: 'apps',
  resource: 'statefulsets',
  kind: 'StatefulSet',
  shortNames: ['sts'],
  categories: ['all'],
  hasStatus: true,
  subresources: ['scale'],
  hasGeneration: true,
  columns: [
    nameColumn,
    column(
      'Ready',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      'How many of the wanted pods are ready.',
    ),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec?.template),
  ],
  prepareForCreate: (draft) => {
    draft.status = { replicas: 0, availableReplicas: 0 };
  },
  defaults: ({ spec }) => {
    if (!spec) return;
    // The types ask for it, and Kubernetes takes what is missing as the empty name.
    spec.serviceName ??= '';
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.podManagementPolicy ??= 'OrderedReady';
    const strategy = (spec.updateStrategy ??= {});
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = (strategy.rollingUpdate ??= {});
      rolling.partition ??= 0;
    }
    const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
    retention.whenDeleted ??= 'Retain';
    retention.whenScaled ??= 'Retain';
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1';
      claim.kind ??= 'PersistentVolumeClaim';
      if (!claim.status) Object.assign(claim, { status: { phase: 'Pending' } });
      if (claim.spec) defaultClaimSpec(claim.spec);
    }
    if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  },
  validate: ({ spec }, old) => {
    if (!spec) return [required('spec')];
    const causes = [
      ...validateWorkload(withClaims(spec), undefined, 'StatefulSet'),
      ...validatePolicies(spec),
      ...validateNonNegative(spec, ['revisionHistoryLimit'], 'spec'),
    ];
    const before = old?.spec;
    if (before && !equalJson(fixedPart(spec), fixedPart(before))) {
      causes.push(forbidden('spec', updateRule));
    }
    return causes;
  },
});

const updateRule =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

function fixedPart({ serviceName, selector, podManagementPolicy, ...rest }: Spec): object {
  const { volumeClaimTemplates = [] } = rest;
  return { serviceName, selector, podManagementPolicy, volumeClaimTemplates };
}

function validatePolicies(spec: Spec): FieldCause[] {
  const causes: FieldCause[] = [];
  const { podManagementPolicy = '', updateStrategy = {}, ordinals } = spec;
  if (!['OrderedReady', 'Parallel'].includes(podManagementPolicy)) {
    const detail = "must be 'OrderedReady' or 'Parallel'";
    causes.push(invalidValue('spec.podManagementPolicy', podManagementPolicy, detail));
  }
  const { type = '', rollingUpdate } = updateStrategy;
  const field = 'spec.updateStrategy';
  if (type === '') causes.push(required(field));
  else if (type === 'OnDelete' && rollingUpdate) {
    const detail = "only allowed for updateStrategy 'RollingUpdate'";
    causes.push(invalidValue(`${field}.rollingUpdate`, rollingUpdate, detail));
  } else if (type === 'RollingUpdate') {
    causes.push(
      ...validateNonNegative(rollingUpdate ?? {}, ['partition'], `${field}.rollingUpdate`),
    );
  } else if (type !== 'OnDelete') {
    causes.push(invalidValue(field, updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  const start = ordinals?.start ?? 0;
  if (start < 0) causes.push(invalidValue('spec.ordinals.start', start, atLeastZero));
  return causes;
}

/** As its pods will be: each of its claims is a volume of theirs, in place of one of that name. */
function withClaims(spec: Spec): Spec {
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
  const podSpec = spec.template?.spec;
  if (claims.length === 0 || !podSpec) return spec;
  const own = (podSpec.volumes ?? []).filter(({ name }) => !claims.includes(name));
  const claimed = claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const volumes = [...own, ...claimed];
  return { ...spec, template: { ...spec.template, spec: { ...podSpec, volumes } } };
}
