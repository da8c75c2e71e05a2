import type { FieldCause } from '#shared/base';
import { forbidden, notFoundValue } from './causes.ts';
import { cloneJson } from './clone.ts';
import { defaultEphemeralContainers } from './defaults/pod-spec.ts';
import { equalJson } from './equal.ts';
import { invalid } from './errors.ts';
import type { Resource } from './resource.ts';
import type { Container, Pod, PodSpec } from './types.ts';
import { validateContainers } from './validation/containers.ts';

type EphemeralContainer = NonNullable<PodSpec['ephemeralContainers']>[number];

const field = 'spec.ephemeralContainers';

/** What makes no sense for a container that is only there to look around. */
const notAllowed = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

/** The pod with the ephemeral containers of `given`, where `old` has all others that it keeps. */
export function prepareEphemeralContainers(resource: Resource, given: Pod, old: Pod): Pod {
  const draft = cloneJson(old);
  const before = old.spec?.ephemeralContainers ?? [];
  if (!draft.spec) return draft;
  draft.spec.ephemeralContainers = cloneJson(given.spec?.ephemeralContainers ?? []);
  defaultEphemeralContainers(draft.spec);
  const causes = [...validate(draft.spec), ...validateKept(draft.spec.ephemeralContainers, before)];
  if (causes.length > 0) throw invalid(resource, old.metadata?.name ?? '', causes);
  return draft;
}

function validate({
  ephemeralContainers = [],
  containers,
  initContainers = [],
  volumes = [],
}: PodSpec): FieldCause[] {
  const targets = new Set(containers.map(({ name }) => name));
  const taken = new Set([...targets, ...initContainers.map(({ name }) => name)]);
  const volumeNames = new Set(volumes.map(({ name }) => name));
  const causes = validateContainers(ephemeralContainers, volumeNames, taken, field);
  for (const [i, container] of ephemeralContainers.entries()) {
    const target = container.targetContainerName;
    if (target && !targets.has(target)) {
      causes.push(notFoundValue(`${field}[${i}].targetContainerName`, target));
    }
    for (const key of notAllowed) {
      if (!(container as Container)[key]) continue;
      causes.push(forbidden(`${field}[${i}].${key}`, 'cannot be set for an Ephemeral Container'));
    }
  }
  return causes;
}

function validateKept(
  now: readonly EphemeralContainer[],
  before: readonly EphemeralContainer[],
): FieldCause[] {
  return before.flatMap((container) => {
    const kept = now.find(({ name }) => name === container.name);
    if (kept && equalJson(kept, container)) return [];
    const what = kept ? 'changed' : 'removed';
    const detail = `existing ephemeral containers ${JSON.stringify(container.name)} may not be ${what}`;
    return [forbidden(field, detail)];
  });
}
