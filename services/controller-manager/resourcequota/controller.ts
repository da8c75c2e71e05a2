import {
  addCharges,
  type Charges,
  chargesOf,
  equalJson,
  inScopes,
  type KindInfo,
  type KubeObject,
  objectKey,
  type Pod,
  type ResourceQuota,
  refs,
  type Service,
  toAmounts,
} from '#shared/api';
import type { Informer, ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { writeStatus } from '../write-status.ts';

/** Kinds that no informer follows are counted again this often, and what was charged for nothing is given back then. */
const recountMs = 5_000;

/** Counts what each ResourceQuota's namespace uses: admission charges, this gives back. */
export function resourceQuotaController(
  context: ControllerContext,
  kinds: readonly KindInfo[],
): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'resourcequota');
  const quotas = informers.of<ResourceQuota>(refs.resourceQuotas);
  quotas.addHandlers({
    added: (quota) => queue.add(objectKey(quota)),
    updated(before, after) {
      if (!equalJson(before.spec, after.spec)) queue.add(objectKey(after));
      // Somebody is charged for what is not there yet: counted now, that would be forgotten.
      else queue.addAfter(objectKey(after), recountMs);
    },
  });
  const recount = ({ metadata }: KubeObject): void => {
    for (const quota of quotas.store.list(metadata?.namespace)) queue.add(objectKey(quota));
  };
  const followed: readonly Informer<KubeObject>[] = [
    informers.of(refs.pods),
    informers.of(refs.services),
    informers.of(refs.persistentVolumeClaims),
  ];
  for (const informer of followed) {
    informer.addHandlers({
      added: recount,
      updated: (before, after) => {
        if (charged(before) !== charged(after)) recount(after);
      },
      deleted: recount,
    });
  }
  return queuedController('resourcequota', queue, (key) => reconcile(context, quotas, kinds, key));
}

/** What may change a charge: an object's status seldom does. */
const charged = (object: KubeObject): string =>
  `${object.metadata?.generation} ${(object as Pod).status?.phase} ${JSON.stringify((object as Service).spec?.ports)}`;

async function reconcile(
  { api }: ControllerContext,
  { store }: Informer<ResourceQuota>,
  kinds: readonly KindInfo[],
  key: string,
): Promise<ReconcileResult> {
  const known = store.get(key);
  if (!known || known.metadata?.deletionTimestamp !== undefined) return undefined;
  const { name = '', namespace = '' } = known.metadata ?? {};
  // First the quota, then what it is of: what was charged meanwhile makes this write a conflict.
  const quota = await api.get<ResourceQuota>(refs.resourceQuotas, name, namespace);
  const hard = quota.spec?.hard ?? {};
  const names = Object.keys(hard);
  let used: Charges = new Map();
  let silent = false;
  for (const kind of kinds) {
    if (!kind.namespaced || !kind.verbs.includes('list') || !concerns(names, kind)) continue;
    if (!followedKinds.has(kind.resource)) silent = true;
    const { items } = await api.list(kind, { namespace });
    for (const object of items) {
      if (inScopes(quota, kind, object)) used = addCharges(used, chargesOf(kind, object));
    }
  }
  const status = { hard, used: toAmounts(names, used) };
  if (!equalJson(status, quota.status)) await writeStatus(api, refs.resourceQuotas, quota, status);
  return silent ? { requeueAfterMs: recountMs } : undefined;
}

const followedKinds: ReadonlySet<string> = new Set(['persistentvolumeclaims', 'pods', 'services']);

/** Whether objects of a kind are charged for one of these. */
function concerns(names: readonly string[], { group, resource }: KindInfo): boolean {
  const count = `count/${resource}${group === '' ? '' : `.${group}`}`;
  return names.some((name) => {
    if (name.startsWith('count/')) return name === count;
    if (group !== '') return false;
    if (name.startsWith('services.')) return resource === 'services';
    if (
      name.endsWith('storageclass.storage.k8s.io/requests.storage') ||
      name === 'requests.storage'
    ) {
      return resource === 'persistentvolumeclaims';
    }
    if (name.endsWith('/persistentvolumeclaims')) return resource === 'persistentvolumeclaims';
    const counted = plainCounts.has(name);
    return counted ? resource === name : resource === 'pods';
  });
}

const plainCounts: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);
