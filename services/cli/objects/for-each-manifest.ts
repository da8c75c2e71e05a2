import type { KindInfo, KubeObject } from '#shared/api';
import { describeError, type ErrorSource } from '../command-error.ts';
import type { Context } from '../context.ts';
import type { FileOptions, NamespaceOptions } from '../options.ts';
import { isUnreachable } from './select.ts';
import { mapManifest, placeManifest, readManifests } from './manifests.ts';
import type { Session } from './session.ts';

/** A manifest that the server's kinds know, with its namespace filled in. */
export interface PlacedManifest {
  readonly kind: KindInfo;
  readonly object: KubeObject;
  readonly source: string;
  /** For calls: empty for objects of the whole cluster. */
  readonly namespace: { readonly namespace?: string };
}

/**
 * Runs `fn` for each object of the files, in order. What is wrong with one is said on stderr and
 * sets the exit code; the others go on.
 */
export async function forEachManifest(
  context: Context,
  session: Session,
  options: FileOptions & NamespaceOptions,
  doing: string,
  fn: (manifest: PlacedManifest) => Promise<void>,
): Promise<void> {
  const manifests = await readManifests(context, options);
  const kinds = await session.kinds();
  for (const manifest of manifests) {
    let where: ErrorSource | undefined;
    try {
      if ('error' in manifest) throw manifest.error;
      const kind = mapManifest(kinds, manifest);
      const given = options.namespace !== undefined;
      const object = placeManifest(manifest.object, kind, session.namespace, given);
      where = { doing, source: manifest.source };
      const namespace = object.metadata?.namespace;
      await fn({
        kind,
        object,
        source: manifest.source,
        namespace: namespace && kind.namespaced ? { namespace } : {},
      });
    } catch (thrown) {
      if (isUnreachable(thrown)) throw thrown;
      context.err.write(`${describeError(thrown, where)}\n`);
      context.setExitCode(1);
    }
  }
}
