import { badRequest } from './errors.ts';

/**
 * An exact amount, as Kubernetes' resource.Quantity: `nano` billionths of a unit. Kubernetes rounds
 * up what is finer and caps what is beyond 2^63-1 units; so do we.
 */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

export type QuantityFormat = 'decimal' | 'binary' | 'exponent';

const unit = 1_000_000_000n;
const maxNano = (2n ** 63n - 1n) * unit;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaryExponents: Readonly<Record<string, number>> = {
  Ki: 10,
  Mi: 20,
  Gi: 30,
  Ti: 40,
  Pi: 50,
  Ei: 60,
};

const grammar = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** The quantity that a manifest's text says, or undefined where it says none. */
export function tryParseQuantity(text: string): Quantity | undefined {
  const match = text.length <= 64 ? grammar.exec(text) : null;
  if (!match) return undefined;
  const [, sign, number = '', exponent, suffix = ''] = match;
  const [whole = '', fraction = ''] = number.split('.');
  let numerator = BigInt(`${whole}${fraction}`) * unit;
  let denominator = 10n ** BigInt(fraction.length);
  const binary = binaryExponents[suffix];
  if (binary !== undefined) {
    numerator <<= BigInt(binary);
  } else {
    const power = exponent ? Number(exponent.slice(1)) : (decimalExponents[suffix] ?? 0);
    if (power >= 0) numerator *= 10n ** BigInt(power);
    else denominator *= 10n ** BigInt(-power);
  }
  // Rounded away from zero: a request is never taken for less than it says.
  let nano = (numerator + denominator - 1n) / denominator;
  if (nano > maxNano) nano = maxNano;
  return {
    nano: sign === '-' ? -nano : nano,
    format: binary !== undefined ? 'binary' : exponent ? 'exponent' : 'decimal',
  };
}

/** Throws `bad-request`. */
export function parseQuantity(text: string): Quantity {
  const quantity = tryParseQuantity(text);
  if (quantity) return quantity;
  throw badRequest(
    `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': ${JSON.stringify(text)}`,
  );
}

/** The canonical text: no fraction, the largest suffix that keeps it exact. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  const size = nano < 0n ? -nano : nano;
  if (format === 'binary' && size % unit === 0n && size >= 1024n * unit) {
    return sign + formatBinary(size / unit);
  }
  return sign + formatDecimal(size, format === 'exponent');
}

function formatBinary(units: bigint): string {
  let suffix = '';
  let rest = units;
  for (const name of Object.keys(binaryExponents)) {
    if (rest % 1024n !== 0n) break;
    rest /= 1024n;
    suffix = name;
  }
  return `${rest}${suffix}`;
}

function formatDecimal(nano: bigint, asExponent: boolean): string {
  let power = -9;
  let rest = nano;
  while (power < 18 && rest % 1000n === 0n) {
    rest /= 1000n;
    power += 3;
  }
  if (asExponent) return power === 0 ? `${rest}` : `${rest}e${power}`;
  const suffix = Object.keys(decimalExponents).find((name) => decimalExponents[name] === power);
  return `${rest}${suffix ?? ''}`;
}

export function canonicalQuantity(text: string): string | undefined {
  const quantity = tryParseQuantity(text);
  return quantity && formatQuantity(quantity);
}

export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  if (a.nano === b.nano) return 0;
  return a.nano < b.nano ? -1 : 1;
}

/** The sum, in the format of the first that is not zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** Whole units, rounded up: bytes of memory, pods. */
export const quantityUnits = ({ nano }: Quantity): number =>
  Number(nano >= 0n ? (nano + unit - 1n) / unit : nano / unit);

/** Thousandths, rounded up: millicores. */
export const quantityMillis = ({ nano }: Quantity): number =>
  Number(nano >= 0n ? (nano + 999_999n) / 1_000_000n : nano / 1_000_000n);
