import { type Container, parseQuantity } from '#shared/api';
import { QuorateError } from '#shared/base';

/** A resourceFieldRef of the downward API. */
export interface ResourceField {
  readonly resource: string;
  readonly divisor?: string;
}

/**
 * A container's request or limit in units of the divisor, rounded up. Without a limit it is what
 * the node offers, as kubelet has it. Throws `invalid`.
 */
export function resourceFieldValue(
  { resource, divisor = '1' }: ResourceField,
  { resources }: Container,
  allocatable: Readonly<Record<string, string>>,
): string {
  const [kind, name = ''] = resource.split(/\.(.*)/s);
  if (kind !== 'limits' && kind !== 'requests') {
    throw new QuorateError('invalid', `unsupported container resource: ${resource}`);
  }
  const fallback = kind === 'limits' ? allocatable[name] : undefined;
  const { nano } = parseQuantity(resources?.[kind]?.[name] ?? fallback ?? '0');
  // A divisor of 0 is how a typed client sends one that was not given.
  const unit = parseQuantity(divisor).nano || parseQuantity('1').nano;
  return String((nano + unit - 1n) / unit);
}
