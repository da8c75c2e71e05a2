import { Command } from 'commander';
import type { Json, KubeObject } from '#shared/api';
import { QuorateError } from '#shared/base';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { lastAppliedAnnotation, mergePatchBetween, threeWayMerge } from '../objects/apply-merge.ts';
import { forEachManifest, type PlacedManifest } from '../objects/for-each-manifest.ts';
import { typed } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { addDryRun, addFiles, addNamespace, addOutput } from '../options.ts';
import { printChanged } from '../print/changed.ts';
import type { WriteFilesOptions } from './create.ts';

/** As often as kubectl tries again when somebody else changed the object in between. */
const conflictRetriesMax = 5;

export function command(context: Context): Command {
  return addDryRun(addOutput(addFiles(addNamespace(new Command())))).action(
    (options: WriteFilesOptions) =>
      withSession(context, options, (session) =>
        forEachManifest(context, session, options, 'applying', (manifest) =>
          apply(context, session, manifest, options),
        ),
      ),
  );
}

async function apply(
  context: Context,
  session: Session,
  manifest: PlacedManifest,
  options: WriteFilesOptions,
): Promise<void> {
  const { kind } = manifest;
  if (!manifest.object.metadata?.name) {
    const how = manifest.object.metadata?.generateName
      ? `from ${manifest.object.metadata.generateName}: cannot use generate name with apply`
      : 'resource name may not be empty';
    throw new CommandError(`error when applying "${manifest.source}": ${how}`);
  }
  const wanted = annotate(manifest.object);
  for (let attempt = 0; ; attempt++) {
    try {
      const { object, what } = await applyOnce(session, manifest, wanted, options);
      await printChanged(context, options, kind, typed(kind, object), what);
      return;
    } catch (thrown) {
      // Created or changed by somebody else since we looked: look again.
      const raced = QuorateError.is(thrown, 'conflict', 'already-exists');
      if (!raced || attempt >= conflictRetriesMax) throw thrown;
    }
  }
}

async function applyOnce(
  session: Session,
  { kind, namespace }: PlacedManifest,
  wanted: KubeObject,
  options: WriteFilesOptions,
): Promise<{ object: KubeObject; what: 'created' | 'configured' | 'unchanged' }> {
  const { api } = session;
  const write = { ...namespace, dryRun: options.dryRun === 'server' };
  const dry = options.dryRun === 'client';
  const name = wanted.metadata?.name ?? '';
  const live = await getOrNothing(() => api.get(kind, name, namespace.namespace));
  if (!live) {
    return { object: dry ? wanted : await api.create(kind, wanted, write), what: 'created' };
  }
  const typedLive = typed(kind, live) as unknown as Json;
  const last = lastApplied(live);
  const merged = threeWayMerge(last, wanted as unknown as Json, typedLive);
  const patch = mergePatchBetween(typedLive, merged);
  if (patch === undefined) return { object: live, what: 'unchanged' };
  const bound = bindToVersion(patch, live);
  return {
    object: dry ? live : await api.patch(kind, name, 'merge', bound, write),
    what: 'configured',
  };
}

async function getOrNothing(get: () => Promise<KubeObject>): Promise<KubeObject | undefined> {
  try {
    return await get();
  } catch (thrown) {
    if (QuorateError.is(thrown, 'not-found')) return undefined;
    throw thrown;
  }
}

/** The patch was made for this version of the object: merged lists hold what others had set. */
function bindToVersion(patch: Json, live: KubeObject): object {
  const fields = patch as { readonly metadata?: object };
  const resourceVersion = live.metadata?.resourceVersion;
  return { ...fields, metadata: { ...fields.metadata, resourceVersion } };
}

/** The manifest with itself as an annotation, so that the next apply knows what this one said. */
export function annotate(object: KubeObject): KubeObject {
  const annotations = { ...object.metadata?.annotations };
  delete annotations[lastAppliedAnnotation];
  const plain = { ...object, metadata: { ...object.metadata, annotations } };
  const text = `${JSON.stringify(plain)}\n`;
  return {
    ...plain,
    metadata: { ...plain.metadata, annotations: { ...annotations, [lastAppliedAnnotation]: text } },
  };
}

function lastApplied(live: KubeObject): Json | undefined {
  const text = live.metadata?.annotations?.[lastAppliedAnnotation];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new CommandError(
      `the annotation ${lastAppliedAnnotation} of the live object is damaged`,
      {
        hint: 'Remove it with `quorate annotate`, then apply again.',
      },
    );
  }
}
