import type { FieldCause } from '#shared/base';
import { forbidden, notSupported, required } from '../causes.ts';

const short: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** As kubectl prints them, in Kubernetes' order: `RWO,ROX`. */
export const accessModes = (modes: readonly string[] = []): string =>
  Object.entries(short)
    .filter(([mode]) => modes.includes(mode))
    .map(([, letters]) => letters)
    .join(',');

export function validateAccessModes(modes: readonly string[] = [], field: string): FieldCause[] {
  if (modes.length === 0) return [required(field, 'at least 1 access mode is required')];
  const causes = modes
    .filter((mode) => !Object.hasOwn(short, mode))
    .map((mode) => notSupported(field, mode, Object.keys(short)));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    const detail = 'may not use ReadWriteOncePod with other access modes';
    causes.push(forbidden(field, detail));
  }
  return causes;
}
