import { QuorateError } from './errors.ts';

/** An IPv4 network such as `127.96.0.0/16`; addresses are counted from its first one, 0. */
export interface IpRange {
  readonly cidr: string;
  /** How many addresses it has. */
  readonly size: number;
  address(n: number): string;
  /** The position of an address, or undefined where it lies outside. */
  position(address: string): number | undefined;
}

/** `name` says in the message which setting is wrong. */
export function parseIpRange(name: string, cidr: string): IpRange {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr);
  const base = parseIpv4(match?.[1] ?? '');
  const size = 2 ** (32 - Number(match?.[2] ?? 33));
  if (base === undefined || size < 1 || base % size !== 0) {
    throw new QuorateError(
      'bad-request',
      `invalid value "${cidr}" for ${name}: must be an IPv4 network such as 127.96.0.0/16`,
    );
  }
  return {
    cidr,
    size,
    address: (n) => formatIpv4(base + n),
    position(address) {
      const ip = parseIpv4(address);
      return ip !== undefined && ip >= base && ip < base + size ? ip - base : undefined;
    },
  };
}

function parseIpv4(text: string): number | undefined {
  const octets = text.split('.');
  const valid = octets.length === 4 && octets.every((o) => /^\d{1,3}$/.test(o) && Number(o) < 256);
  return valid ? octets.reduce((ip, octet) => ip * 256 + Number(octet), 0) : undefined;
}

const formatIpv4 = (ip: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(ip / 2 ** shift) % 256).join('.');
