import {
  type ControllerRevision,
  equalJson,
  getControllerOf,
  groupVersion,
  type KubeObject,
  type LabelSelector,
  newControllerRef,
  type PodTemplateSpec,
  podTemplateHash,
  refs,
  type ResourceRef,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { claim } from './claim.ts';
import type { ControllerContext } from './controller.ts';
import { controlledBy, orphansIn } from './shared-informers.ts';
import { unlessNotFound } from './not-found.ts';

/** The label of pods that says which template they are of: a DaemonSet's by its hash, a StatefulSet's by its revision's name. */
export const revisionLabel = 'controller-revision-hash';

/** An owner whose templates are kept as ControllerRevisions. */
export interface Revised {
  readonly object: KubeObject;
  readonly ref: ResourceRef;
  readonly kind: string;
  readonly selector: LabelSelector | undefined;
  readonly template: PodTemplateSpec | undefined;
}

export interface Revisions {
  /** Of the present template. */
  readonly update: ControllerRevision;
  /** Oldest first, with `update` last. */
  readonly all: readonly ControllerRevision[];
}

export const hashOf = (revision: ControllerRevision): string =>
  revision.metadata?.labels?.[revisionLabel] ?? '';

/** The template that a revision keeps. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec | undefined {
  const { spec } = (data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  if (!spec?.template) return undefined;
  const { $patch: _, ...template } = spec.template;
  return template;
}

/**
 * The owner's revisions with one of its present template: found, brought to the front again after an
 * undo, or made. kubectl's `rollout history` and `undo` read them, and apply `data` as a patch.
 */
export async function syncRevisions(
  { api, informers }: ControllerContext,
  owner: Revised,
): Promise<Revisions> {
  const { store } = informers.of<ControllerRevision>(refs.controllerRevisions);
  // What a predecessor of its name has left behind is its history.
  const claimed = await claim<ControllerRevision>({
    api,
    owner: owner.object,
    ownerRef: owner.ref,
    ownerKind: owner.kind,
    selector: owner.selector,
    objectRef: refs.controllerRevisions,
    candidates: [
      ...controlledBy(store, owner.object),
      ...orphansIn(store, owner.object.metadata?.namespace),
    ],
  });
  const known = claimed.sort((a, b) => a.revision - b.revision);
  const data = { spec: { template: { ...owner.template, $patch: 'replace' } } };
  const latest = known.at(-1)?.revision ?? 0;
  const same = known.find((revision) => equalJson(revision.data, data));
  const others = known.filter((revision) => revision !== same);
  if (same && same.revision === latest) return { update: same, all: [...others, same] };
  const update = same
    ? await api.update(refs.controllerRevisions, { ...same, revision: latest + 1 })
    : await create(api, owner, newRevision(owner, data, latest + 1));
  return { update, all: [...others, update] };
}

async function create(
  api: ControllerContext['api'],
  { object, kind }: Revised,
  revision: ControllerRevision,
): Promise<ControllerRevision> {
  try {
    return await api.create(refs.controllerRevisions, revision);
  } catch (thrown) {
    // The cache does not show it yet, and the name says which template it is.
    if (!QuorateError.is(thrown, 'already-exists')) throw thrown;
    const { name = '', namespace } = revision.metadata ?? {};
    const there = await api.get<ControllerRevision>(refs.controllerRevisions, name, namespace);
    const before = getControllerOf(there);
    const isNamesake = before?.kind === kind && before.name === object.metadata?.name;
    if (isNamesake && before.uid !== object.metadata?.uid)
      throw new QuorateError('conflict', `${name} goes with a ${kind} that is gone`);
    return there;
  }
}

function newRevision(owner: Revised, data: object, revision: number): ControllerRevision {
  const { name = '', namespace } = owner.object.metadata ?? {};
  const hash = podTemplateHash(owner.template ?? {});
  return {
    apiVersion: groupVersion(refs.controllerRevisions),
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace !== undefined && { namespace }),
      labels: { ...owner.template?.metadata?.labels, [revisionLabel]: hash },
      annotations: { ...owner.object.metadata?.annotations },
      ownerReferences: [newControllerRef(owner.object, { ...owner.ref, kind: owner.kind })],
    },
    data,
    revision,
  };
}

/** Deletes the oldest revisions that no pod is of, beyond `limit`. */
export async function pruneRevisions(
  { api }: ControllerContext,
  { all }: Revisions,
  isLive: (revision: ControllerRevision) => boolean,
  limit: number,
): Promise<void> {
  const old = all.slice(0, -1).filter((revision) => !isLive(revision));
  for (const { metadata } of old.slice(0, Math.max(old.length - limit, 0))) {
    const { name = '', namespace, uid } = metadata ?? {};
    await api.delete(refs.controllerRevisions, name, { namespace, uid }).catch(unlessNotFound);
  }
}
