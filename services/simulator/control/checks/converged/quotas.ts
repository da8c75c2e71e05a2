import { isPodTerminal, type KubeObject, type ResourceQuota } from '#shared/api';
import { each } from './reality.ts';

/** Where what a quota speaks of is kept: `count/jobs.batch` is of `batch/jobs`. */
function resourceOf(name: string): string {
  const [, plural = name, group] = /^count\/([^.]+)\.?(.*)$/.exec(name) ?? [];
  return group ? `${group}/${plural}` : plural;
}

/** Pods that have ended use nothing more, but are counted as objects. */
const isCounted = (name: string, object: KubeObject): boolean =>
  name !== 'pods' || !isPodTerminal(object);

/** A quota counts what there is. */
export const quotas = each<ResourceQuota>('resourcequotas', (quota, { objects }) => {
  const { spec, status, metadata } = quota;
  for (const [name, limit] of Object.entries(spec?.hard ?? {})) {
    const { [name]: hard } = status?.hard ?? {};
    if (hard !== limit) return `allows ${limit} ${name}, its status ${hard}`;
    const there = objects
      .all(resourceOf(name))
      .filter(
        (object) => object.metadata?.namespace === metadata?.namespace && isCounted(name, object),
      ).length;
    const { [name]: used } = status?.used ?? {};
    if (Number(used) !== there) return `counts ${used} ${name} of ${there}`;
  }
  return '';
});
