import type { ResourceQuota } from '#shared/api';
import { each } from './reality.ts';

/** A quota counts what there is. */
export const quotas = each<ResourceQuota>('resourcequotas', (quota, { objects }) => {
  const { spec, status, metadata } = quota;
  for (const [resource, limit] of Object.entries(spec?.hard ?? {})) {
    const { [resource]: hard } = status?.hard ?? {};
    if (hard !== limit) return `allows ${limit} ${resource}, its status ${hard}`;
    const there = objects
      .all(resource)
      .filter((object) => object.metadata?.namespace === metadata?.namespace).length;
    const { [resource]: used } = status?.used ?? {};
    if (Number(used) !== there) return `counts ${used} ${resource} of ${there}`;
  }
  return '';
});
