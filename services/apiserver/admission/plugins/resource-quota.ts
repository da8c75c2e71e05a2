import {
  addCharges,
  type Charges,
  chargesOf,
  exceeded,
  forbiddenTo,
  fromAmounts,
  increases,
  inScopes,
  type KubeObject,
  refs,
  type Resource,
  type ResourceQuota,
  toAmounts,
  unsaid,
} from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { Registry } from '../../registry/registry.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import { type AdmissionPlugin, type AdmissionRequest, isKind } from '../plugin.ts';

export interface QuotaDeps {
  readonly watches: WatchCache;
  readonly kinds: KindTable;
  readonly registry: Registry;
}

/**
 * Charges what is created, and what grows, to the quotas of its namespace: each by one guarded write
 * of its status, so that two servers cannot both give away the last of something. What is charged for an
 * object that then comes to nothing, or is deleted, the quota's controller gives back.
 */
export function resourceQuotaPlugin({ watches, kinds, registry }: QuotaDeps): AdmissionPlugin {
  const quotas = kinds.builtin(refs.resourceQuotas);
  return {
    name: 'ResourceQuota',
    handles: (request) =>
      request.resource.namespaced &&
      request.operation !== 'delete' &&
      request.subresource === '' &&
      !isKind(request, '', 'resourcequotas') &&
      (request.operation === 'create' || grows(request.resource)),
    async validate(request, object, old) {
      if (!object) return;
      const all = watches.of(quotas).values() as ResourceQuota[];
      for (const quota of all) {
        if (quota.metadata?.namespace !== request.namespace) continue;
        if (!inScopes(quota, request.resource, object)) continue;
        const names = Object.keys(quota.spec?.hard ?? {});
        if (isKind(request, '', 'pods')) refuseSilence(request, quota, names, object);
        const before = old ? chargesOf(request.resource, old) : new Map<string, never>();
        const more = increases(names, chargesOf(request.resource, object), before);
        if (more.size > 0) await charge(request, quota, more);
      }
    },
  };

  async function charge(
    request: AdmissionRequest,
    { metadata }: ResourceQuota,
    more: Charges,
  ): Promise<void> {
    const { name = '', namespace = '' } = metadata ?? {};
    const spend = (quota: ResourceQuota): KubeObject => {
      const { hard, used } = quota.status ?? {};
      const unknown = [...more.keys()].filter((each) => hard?.[each] === undefined).toSorted();
      if (!hard || unknown.length > 0) {
        throw refusal(
          request,
          `status unknown for quota: ${name}, resources: ${unknown.join(',')}`,
        );
      }
      const next = addCharges(fromAmounts(used), more);
      const over = exceeded(next, fromAmounts(hard)).filter((each) => more.has(each));
      if (over.length > 0) throw refusal(request, excess(name, over, more, quota));
      return { ...quota, status: { hard, used: toAmounts(Object.keys(hard), next) } } as KubeObject;
    };
    await registry.change(quotas, namespace, name, spend, { dryRun: request.dryRun });
  }
}

/** Kinds of which an update may take more than the object had. */
const grows = ({ group, resource }: Resource): boolean =>
  group === '' && ['persistentvolumeclaims', 'pods', 'services'].includes(resource);

/** A pod that does not say what it needs could not be counted. */
function refuseSilence(
  request: AdmissionRequest,
  { metadata }: ResourceQuota,
  names: readonly string[],
  object: KubeObject,
): void {
  const missing = request.operation === 'create' ? unsaid(names, object) : [];
  if (missing.length === 0) return;
  throw refusal(request, `failed quota: ${metadata?.name}: must specify ${missing.join('; ')}`);
}

function excess(
  name: string,
  over: readonly string[],
  more: Charges,
  { status }: ResourceQuota,
): string {
  const list = (amounts: Readonly<Record<string, string>> = {}): string =>
    over.map((each) => `${each}=${amounts[each] ?? '0'}`).join(',');
  const requested = list(toAmounts(over, more));
  return `exceeded quota: ${name}, requested: ${requested}, used: ${list(status?.used)}, limited: ${list(status?.hard)}`;
}

const refusal = ({ resource, name }: AdmissionRequest, why: string) =>
  forbiddenTo(resource, name, why);
