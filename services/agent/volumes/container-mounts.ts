import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Container, Pod } from '#shared/api';
import { QuorateError } from '#shared/base';
import { expand } from '../pods/expand.ts';
import type { Mount } from '../runtime/runtime.ts';
import { safePath } from './payload.ts';
import type { VolumePaths } from './volumes.ts';

/** Kinds of volumes that nobody writes to but the agent. */
const readOnlyKinds = ['configMap', 'secret', 'downwardAPI', 'projected'] as const;

/** A container's mounts. Throws `invalid` where one cannot be what the manifest says. */
export function containerMounts(
  pod: Pod,
  container: Container,
  paths: VolumePaths,
  env: Readonly<Record<string, string>>,
): Mount[] {
  return (container.volumeMounts ?? []).map((mount) => {
    const { name, mountPath, readOnly = false, subPath, subPathExpr } = mount;
    const path = paths.get(name);
    if (path === undefined) {
      const title = `volume "${name}" of container "${container.name}"`;
      throw new QuorateError('invalid', `${title} is not there`);
    }
    const volume = pod.spec?.volumes?.find((each) => each.name === name);
    const below = subPathExpr === undefined ? subPath : expandAll(subPathExpr, env);
    return {
      hostPath: below ? subFolder(path, below) : path,
      containerPath: posix.resolve('/', mountPath),
      readOnly:
        readOnly ||
        volume?.persistentVolumeClaim?.readOnly === true ||
        readOnlyKinds.some((kind) => volume?.[kind] !== undefined),
    };
  });
}

function expandAll(text: string, env: Readonly<Record<string, string>>): string {
  const missing = [...text.matchAll(/\$\(([^)]*)\)/g)].find(([, name = '']) => !(name in env));
  if (missing) throw new QuorateError('invalid', `missing value for ${JSON.stringify(missing[1])}`);
  return expand(text, env);
}

/** A file or folder of a volume, made where it is not there; never one outside of it. */
function subFolder(volume: string, subPath: string): string {
  const path = join(volume, safePath(subPath));
  if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o755 });
  const real = realpathSync(path);
  if (!`${real}/`.startsWith(`${realpathSync(volume)}/`)) {
    throw new QuorateError('invalid', `subPath "${subPath}" is not within the volume`);
  }
  return real;
}
