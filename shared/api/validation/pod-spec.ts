import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, notSupported, required } from '../causes.ts';
import { equalJson } from '../equal.ts';
import type { Pod, PodSpec, PodTemplateSpec, Toleration } from '../types.ts';
import { validateAffinity } from './affinity.ts';
import { validateContainers } from './containers.ts';
import { validateAnnotations, validateLabels } from './metadata.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import { atLeastZero } from './probes.ts';
import { validateSelector } from './selectors.ts';
import { validateTolerations } from './taints.ts';
import { validateVolumes } from './volumes.ts';

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];
const maxInt32 = 2 ** 31 - 1;

/** A pod spec, wherever it stands: `field` is `spec` or `spec.template.spec`. */
export function validatePodSpec(spec: PodSpec, field: string): FieldCause[] {
  const names = new Set<string>();
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  const causes = validateVolumes(spec, `${field}.volumes`);
  if (spec.containers.length === 0) causes.push(required(`${field}.containers`));
  causes.push(
    ...validateContainers(spec.containers, volumes, names, `${field}.containers`),
    ...validateContainers(spec.initContainers ?? [], volumes, names, `${field}.initContainers`),
    ...validateChoices(spec, field),
    ...validateLabels(spec.nodeSelector, `${field}.nodeSelector`),
    ...validateTolerations(spec.tolerations ?? [], `${field}.tolerations`),
    ...validateAffinity(spec.affinity, `${field}.affinity`),
    ...validateSpread(spec, `${field}.topologySpreadConstraints`),
  );
  const seconds = spec.activeDeadlineSeconds;
  if (seconds !== undefined && (seconds < 1 || seconds > maxInt32)) {
    const detail = `must be between 1 and ${maxInt32}, inclusive`;
    causes.push(invalidValue(`${field}.activeDeadlineSeconds`, seconds, detail));
  }
  const grace = spec.terminationGracePeriodSeconds ?? 0;
  if (grace < 0) {
    causes.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, atLeastZero));
  }
  return [...causes, ...validateNames(spec, field)];
}

function validateChoices(spec: PodSpec, field: string): FieldCause[] {
  const { restartPolicy = '', dnsPolicy = '' } = spec;
  const causes: FieldCause[] = [];
  if (!restartPolicies.includes(restartPolicy)) {
    causes.push(notSupported(`${field}.restartPolicy`, restartPolicy, restartPolicies));
  }
  if (!dnsPolicies.includes(dnsPolicy)) {
    causes.push(notSupported(`${field}.dnsPolicy`, dnsPolicy, dnsPolicies));
  }
  return causes;
}

function validateNames(spec: PodSpec, field: string): FieldCause[] {
  const rules = [
    ['nodeName', dnsSubdomain],
    ['serviceAccountName', dnsSubdomain],
    ['hostname', dnsLabel],
    ['subdomain', dnsLabel],
    ['priorityClassName', dnsSubdomain],
  ] as const;
  return rules.flatMap(([key, rule]) => {
    const value = spec[key];
    return value ? rule(value).map((e) => invalidValue(`${field}.${key}`, value, e)) : [];
  });
}

const unsatisfiable = ['DoNotSchedule', 'ScheduleAnyway'];

function validateSpread(spec: PodSpec, field: string): FieldCause[] {
  return (spec.topologySpreadConstraints ?? []).flatMap((constraint, i) => {
    const at = `${field}[${i}]`;
    const { labelSelector, maxSkew, topologyKey, whenUnsatisfiable } = constraint;
    const causes: FieldCause[] = [];
    if (maxSkew <= 0) {
      causes.push(invalidValue(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    }
    if (topologyKey === '') causes.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (!unsatisfiable.includes(whenUnsatisfiable)) {
      causes.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, unsatisfiable));
    }
    return [
      ...causes,
      ...(labelSelector ? validateSelector(labelSelector, `${at}.labelSelector`) : []),
    ];
  });
}

/** The template of a workload whose pods never end: Deployments and ReplicaSets. */
export function validateTemplate(template: PodTemplateSpec, field: string): FieldCause[] {
  const { metadata = {}, spec } = template;
  const causes = [
    ...validateLabels(metadata.labels, `${field}.labels`),
    ...validateAnnotations(metadata.annotations, `${field}.annotations`),
  ];
  if (!spec) return [...causes, required(`${field}.spec.containers`)];
  return [...causes, ...validatePodSpec(spec, `${field}.spec`)];
}

/** The template of pods that are meant to run for ever. `kind` is whose it is, for messages. */
export function validateServingTemplate(
  template: PodTemplateSpec,
  field: string,
  kind: string,
): FieldCause[] {
  const { spec } = template;
  const causes = validateTemplate(template, field);
  if (!spec) return causes;
  if (restartPolicies.includes(spec.restartPolicy ?? '') && spec.restartPolicy !== 'Always') {
    causes.push(notSupported(`${field}.spec.restartPolicy`, spec.restartPolicy, ['Always']));
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    const detail = `activeDeadlineSeconds in ${kind} is not Supported`;
    causes.push(forbidden(`${field}.spec.activeDeadlineSeconds`, detail));
  }
  return causes;
}

const updateRule =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A running pod is what it is: few fields of its spec may change. */
export function validatePodSpecUpdate(pod: Pod, old: Pod): FieldCause[] {
  const { spec } = pod;
  const before = old.spec;
  if (!spec || !before) return [];
  const causes: FieldCause[] = [];
  const kept = spec.tolerations ?? [];
  const removed = (before.tolerations ?? []).some(
    (toleration) => !kept.some((each) => equalJson(timeless(each), timeless(toleration))),
  );
  if (removed) {
    const detail = 'existing toleration can not be modified except its tolerationSeconds';
    causes.push(forbidden('spec.tolerations', detail));
  }
  const gates = before.schedulingGates ?? [];
  const added = (spec.schedulingGates ?? []).find(
    ({ name }) => !gates.some((each) => each.name === name),
  );
  if (added) {
    const detail = `only deletion is allowed, but found new scheduling gate '${added.name}'`;
    causes.push(forbidden('spec.schedulingGates', detail));
  }
  const deadline = spec.activeDeadlineSeconds;
  const deadlineBefore = before.activeDeadlineSeconds;
  if (deadlineBefore !== undefined && (deadline === undefined || deadline > deadlineBefore)) {
    const at = 'spec.activeDeadlineSeconds';
    const detail =
      deadline === undefined
        ? 'must not update from a positive integer to nil value'
        : 'must be less than or equal to previous value';
    causes.push(invalidValue(at, deadline ?? null, detail));
  }
  if (!equalJson(withoutMutable(spec), withoutMutable(before))) {
    causes.push(forbidden('spec', updateRule));
  }
  return causes;
}

const timeless = ({ tolerationSeconds: _s, ...rest }: Toleration): object => rest;

function withoutMutable(spec: PodSpec): object {
  const { activeDeadlineSeconds: _a, tolerations: _t, schedulingGates: _g, ...rest } = spec;
  const imageless = ({ image: _i, ...container }: PodSpec['containers'][number]): object =>
    container;
  return {
    ...rest,
    containers: spec.containers.map(imageless),
    initContainers: (spec.initContainers ?? []).map(imageless),
  };
}
