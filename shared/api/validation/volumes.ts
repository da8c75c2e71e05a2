import type { FieldCause } from '#shared/base';
import {
  duplicate,
  forbidden,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../causes.ts';
import type { Container, PodSpec } from '../types.ts';
import { dnsLabel } from './names.ts';

type Volume = NonNullable<PodSpec['volumes']>[number];
type Projected = NonNullable<Volume['projected']>;

interface KeySource {
  readonly items?: readonly { key: string; path: string; mode?: number }[];
  readonly defaultMode?: number;
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function validateVolumes(spec: PodSpec, field: string): FieldCause[] {
  const seen = new Set<string>();
  return (spec.volumes ?? []).flatMap((volume, i) => {
    const at = `${field}[${i}]`;
    const { name, ...sources } = volume;
    const causes: FieldCause[] = [];
    if (name === '') causes.push(required(`${at}.name`));
    else causes.push(...dnsLabel(name).map((e) => invalidValue(`${at}.name`, name, e)));
    if (seen.has(name)) causes.push(duplicate(`${at}.name`, name));
    seen.add(name);
    const kinds = Object.keys(sources);
    if (kinds.length === 0) causes.push(required(at, 'must specify a volume type'));
    for (const kind of kinds.slice(1)) {
      causes.push(forbidden(`${at}.${kind}`, 'may not specify more than 1 volume type'));
    }
    return [...causes, ...validateSource(volume, at)];
  });
}

function validateSource(volume: Volume, at: string): FieldCause[] {
  const { configMap, secret, hostPath, downwardAPI, projected, persistentVolumeClaim } = volume;
  if (configMap) {
    return [
      ...(configMap.name ? [] : [required(`${at}.configMap.name`)]),
      ...validateKeys(configMap, `${at}.configMap`),
    ];
  }
  if (secret) {
    return [
      ...(secret.secretName ? [] : [required(`${at}.secret.secretName`)]),
      ...validateKeys(secret, `${at}.secret`),
    ];
  }
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName) {
    return [required(`${at}.persistentVolumeClaim.claimName`)];
  }
  if (downwardAPI) {
    return [
      ...validateMode(downwardAPI.defaultMode, `${at}.downwardAPI.defaultMode`),
      ...(downwardAPI.items ?? []).flatMap(({ path, mode }, i) => [
        ...validatePath(path, `${at}.downwardAPI.items[${i}].path`),
        ...validateMode(mode, `${at}.downwardAPI.items[${i}].mode`),
      ]),
    ];
  }
  if (projected) return validateProjected(projected, `${at}.projected`);
  return hostPath ? validateHostPath(hostPath, `${at}.hostPath`) : [];
}

function validateHostPath({ path, type = '' }: { path: string; type?: string }, at: string) {
  const causes = path === '' ? [required(`${at}.path`)] : noSteps(path, `${at}.path`);
  if (!hostPathTypes.includes(type)) causes.push(notSupported(`${at}.type`, type, hostPathTypes));
  return causes;
}

function validateProjected({ sources = [], defaultMode }: Projected, at: string): FieldCause[] {
  const causes = validateMode(defaultMode, `${at}.defaultMode`);
  for (const [i, source] of sources.entries()) {
    const { configMap, secret, downwardAPI, serviceAccountToken: token } = source;
    const field = `${at}.sources[${i}]`;
    if (configMap) causes.push(...validateKeys(configMap, `${field}.configMap`));
    if (secret) causes.push(...validateKeys(secret, `${field}.secret`));
    for (const [j, { path }] of (downwardAPI?.items ?? []).entries()) {
      causes.push(...validatePath(path, `${field}.downwardAPI.items[${j}].path`));
    }
    if (!token) continue;
    const seconds = token.expirationSeconds ?? 3600;
    if (seconds < 600) {
      const detail = 'may not specify a duration less than 10 minutes';
      causes.push(invalidValue(`${field}.serviceAccountToken.expirationSeconds`, seconds, detail));
    }
    causes.push(...validatePath(token.path, `${field}.serviceAccountToken.path`));
  }
  return causes;
}

function validateKeys({ items = [], defaultMode }: KeySource, at: string): FieldCause[] {
  return [
    ...validateMode(defaultMode, `${at}.defaultMode`),
    ...items.flatMap(({ key, path, mode }, i) => [
      ...(key === '' ? [required(`${at}.items[${i}].key`)] : []),
      ...validatePath(path, `${at}.items[${i}].path`),
      ...validateMode(mode, `${at}.items[${i}].mode`),
    ]),
  ];
}

function validateMode(mode: number | undefined, field: string): FieldCause[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** Where a file is in its volume. */
function validatePath(path: string, field: string): FieldCause[] {
  if (path === '') return [required(field)];
  if (path.startsWith('/')) return [invalidValue(field, path, 'must be a relative path')];
  const causes = noSteps(path, field);
  if (causes.length === 0 && path.startsWith('..')) {
    causes.push(invalidValue(field, path, "must not start with '..'"));
  }
  return causes;
}

const noSteps = (path: string, field: string): FieldCause[] =>
  path.split('/').includes('..') ? [invalidValue(field, path, "must not contain '..'")] : [];

export function validateMounts(
  mounts: NonNullable<Container['volumeMounts']>,
  volumes: ReadonlySet<string>,
  field: string,
): FieldCause[] {
  const paths = new Set<string>();
  return mounts.flatMap((mount, i) => {
    const at = `${field}[${i}]`;
    const { name, mountPath, subPath, subPathExpr } = mount;
    const causes: FieldCause[] = [];
    if (name === '') causes.push(required(`${at}.name`));
    else if (!volumes.has(name)) causes.push(notFoundValue(`${at}.name`, name));
    if (mountPath === '') causes.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) {
      causes.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'));
    }
    paths.add(mountPath);
    if (subPath) causes.push(...validateSubPath(subPath, `${at}.subPath`));
    if (subPathExpr && subPath) {
      const detail = 'subPathExpr and subPath are mutually exclusive';
      causes.push(invalidValue(`${at}.subPathExpr`, subPathExpr, detail));
    } else if (subPathExpr) causes.push(...validateSubPath(subPathExpr, `${at}.subPathExpr`));
    return causes;
  });
}

const validateSubPath = (path: string, field: string): FieldCause[] =>
  path.startsWith('/')
    ? [invalidValue(field, path, 'must be a relative path')]
    : noSteps(path, field);
