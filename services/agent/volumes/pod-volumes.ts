import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodSpec } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { DownwardContext } from '../pods/downward.ts';
import { isFilled, writeAtomically } from './atomic-writer.ts';
import { claimedVolume } from './claimed-volume.ts';
import { containerMounts } from './container-mounts.ts';
import { checkHostPath } from './host-path.ts';
import { project, type ProjectionDeps } from './projections.ts';
import type { SetUp, VolumeFailure, Volumes } from './volumes.ts';

type Volume = NonNullable<PodSpec['volumes']>[number];

export interface PodVolumesOptions extends Pick<ProjectionDeps, 'objects' | 'tokens'> {
  /** The volumes' folder; nobody else writes there. */
  readonly folder: string;
  readonly clock: Clock;
}

const retryMs = 5_000;
const longPatienceMs = 5_000;
/** Where there is something to go on with. */
const shortPatienceMs = 500;

/**
 * The volumes of this node's pods, on disk as `<folder>/<pod uid>/<volume>`, for the user of the agent
 * alone. What is there is used again by the next agent, and kept while no API server answers.
 */
export class PodVolumes implements Volumes {
  readonly mounts = containerMounts;
  readonly #options: PodVolumesOptions;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
  }

  async setUp(context: DownwardContext): Promise<SetUp> {
    const { metadata, spec } = context.pod;
    const paths = new Map<string, string>();
    const failures: VolumeFailure[] = [];
    let validUntil = Infinity;
    for (const volume of spec?.volumes ?? []) {
      const { name } = volume;
      const folder = join(this.#podFolder(metadata?.uid ?? ''), name);
      try {
        const { path, until = Infinity } = await this.#volume(volume, folder, context);
        paths.set(name, path);
        validUntil = Math.min(validUntil, until);
      } catch (thrown) {
        const { message } = QuorateError.from(thrown);
        if (await isFilled(folder)) paths.set(name, folder);
        else failures.push({ volume: name, message });
        validUntil = Math.min(validUntil, this.#options.clock.now() + retryMs);
      }
    }
    const refreshMs =
      validUntil === Infinity ? undefined : Math.max(0, validUntil - this.#options.clock.now());
    return { paths, failures, refreshMs };
  }

  async remove(podUid: string): Promise<void> {
    const { objects, tokens } = this.#options;
    objects.release(podUid);
    tokens.release(podUid);
    await rm(this.#podFolder(podUid), { recursive: true, force: true });
  }

  async removeOthers(podUids: ReadonlySet<string>): Promise<void> {
    const uids = await readdir(this.#options.folder).catch(() => []);
    for (const uid of uids) if (!podUids.has(uid)) await this.remove(uid);
  }

  async close(): Promise<void> {
    await this.#options.objects.close();
  }

  #podFolder(uid: string): string {
    if (!/^[A-Za-z0-9-]+$/.test(uid)) {
      throw new QuorateError('invalid', `pod uid "${uid}" is not usable as a folder name`);
    }
    return join(this.#options.folder, uid);
  }

  async #volume(
    volume: Volume,
    folder: string,
    context: DownwardContext,
  ): Promise<{ path: string; until?: number | undefined }> {
    const { hostPath, persistentVolumeClaim: claim, ephemeral } = volume;
    const claimName = ephemeral ? `${context.pod.metadata?.name}-${volume.name}` : claim?.claimName;
    if (claimName !== undefined) {
      const deps = { ...this.#options, patienceMs: longPatienceMs };
      return { path: await claimedVolume(context.pod, claimName, deps) };
    }
    if (hostPath) {
      await checkHostPath(hostPath.path, hostPath.type);
      return { path: hostPath.path };
    }
    // Not for others: what is in there has the modes that the manifest says.
    await mkdir(this.#podFolder(context.pod.metadata?.uid ?? ''), { recursive: true, mode: 0o700 });
    if (volume.emptyDir) {
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o777);
      return { path: folder };
    }
    const patienceMs = (await isFilled(folder)) ? shortPatienceMs : longPatienceMs;
    const projection = await project(volume, context, { ...this.#options, patienceMs });
    if (!projection) throw unsupported(volume);
    await writeAtomically(folder, projection.payload);
    return { path: folder, until: projection.validUntil };
  }
}

function unsupported({ name: _name, ...source }: Volume): QuorateError {
  const kind = Object.keys(source)[0] ?? 'unknown';
  return new QuorateError('invalid', `volumes of type ${kind} are not supported here`);
}
