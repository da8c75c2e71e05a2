import { forbiddenTo, type Pod, type PriorityClass, refs } from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import { type AdmissionPlugin, isNewPod } from '../plugin.ts';

/** A pod's priority is its class's: named, or the one that is the default for all. */
export function priorityPlugin(watches: WatchCache, kinds: KindTable): AdmissionPlugin {
  const classes = kinds.builtin(refs.priorityClasses);
  const find = (name: string): PriorityClass | undefined =>
    watches.peek(classes, '', name)?.object as PriorityClass | undefined;
  /** Of several defaults the lowest, as in Kubernetes. */
  const globalDefault = (): PriorityClass | undefined => {
    const all = [...watches.of(classes).values()] as PriorityClass[];
    return all.filter((each) => each.globalDefault).sort((a, b) => a.value - b.value)[0];
  };
  return {
    name: 'Priority',
    handles: isNewPod,
    mutate({ resource, name: pod }, draft) {
      const { spec } = draft as Pod;
      if (!spec) return;
      const asked = spec.priorityClassName;
      const found = asked ? find(asked) : globalDefault();
      if (asked && !found) {
        throw forbiddenTo(resource, pod, `no PriorityClass with name ${asked} was found`);
      }
      const value = found?.value ?? 0;
      if (spec.priority !== undefined && spec.priority !== value) {
        const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`;
        throw forbiddenTo(resource, pod, why);
      }
      spec.priority = value;
      if (found?.metadata?.name) spec.priorityClassName = found.metadata.name;
      const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
      if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
        const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`;
        throw forbiddenTo(resource, pod, why);
      }
      spec.preemptionPolicy = policy;
    },
  };
}
