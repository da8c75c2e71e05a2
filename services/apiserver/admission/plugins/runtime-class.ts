import { QuorateError } from '#shared/base';
import {
  equalJson,
  forbiddenTo,
  parseQuantity,
  type Pod,
  type PodSpec,
  refs,
  type RuntimeClass,
} from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { Registry } from '../../registry/registry.ts';
import { type AdmissionPlugin, isNewPod } from '../plugin.ts';

/** A pod of a class takes over what that costs, and goes where it is to be had. */
export function runtimeClassPlugin(deps: {
  readonly registry: Registry;
  readonly kinds: KindTable;
}): AdmissionPlugin {
  const classes = deps.kinds.builtin(refs.runtimeClasses);
  return {
    name: 'RuntimeClass',
    handles: isNewPod,
    async mutate(request, draft) {
      const { spec } = draft as Pod;
      if (!spec) return;
      const refuse = (why: string): QuorateError =>
        forbiddenTo(request.resource, request.name, why);
      const { runtimeClassName } = spec;
      if (!runtimeClassName) {
        if (!spec.overhead) return;
        throw refuse(
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        );
      }
      try {
        const found = (await deps.registry.get(classes, runtimeClassName)) as RuntimeClass;
        setOverhead(spec, found, refuse);
        setScheduling(spec, found, refuse);
      } catch (thrown) {
        if (!QuorateError.is(thrown, 'not-found')) throw thrown;
        throw refuse(`pod rejected: RuntimeClass "${runtimeClassName}" not found`);
      }
    },
  };
}

type Refuse = (why: string) => QuorateError;

type Amounts = Readonly<Record<string, string>>;

function setOverhead(spec: PodSpec, { overhead }: RuntimeClass, refuse: Refuse): void {
  const fixed: Amounts | undefined = overhead?.podFixed;
  if (!fixed && spec.overhead) {
    throw refuse(
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    );
  }
  if (!fixed) return;
  if (spec.overhead && !areEqual(spec.overhead, fixed)) {
    throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  spec.overhead = fixed;
}

/** However they are written. */
function areEqual(some: Amounts, others: Amounts): boolean {
  const names = Object.keys({ ...some, ...others });
  const nano = (amounts: Amounts, name: string): bigint | undefined =>
    amounts[name] === undefined ? undefined : parseQuantity(amounts[name]).nano;
  return names.every((name) => nano(some, name) === nano(others, name));
}

function setScheduling(spec: PodSpec, { scheduling = {} }: RuntimeClass, refuse: Refuse): void {
  const { nodeSelector = {}, tolerations = [] } = scheduling;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own === undefined || own === value) continue;
    throw refuse(
      `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
    );
  }
  if (Object.keys(nodeSelector).length > 0) {
    spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  }
  const present = spec.tolerations ?? [];
  const added = tolerations.filter((each) => !present.some((other) => equalJson(each, other)));
  if (added.length > 0) spec.tolerations = [...present, ...added];
}
