import { existsSync, readFileSync } from 'node:fs';
import { type IpRange, parseIpRange, parsePortRange } from '#shared/base';
import { ownUser } from '#shared/runtime';
import { CommandError } from '../command-error.ts';
import { asTyped } from '../flags.ts';

const addressesPerNode = 256;

/** What this machine can bind without being asked: everything else would start and never be reached. */
const loopback = parseIpRange('loopback', '127.0.0.0/8');

/** Throws where pods or services could not have their addresses. */
export function checkNetworks(podCidr: string, serviceCidr: string, workers: number): void {
  const pods = network('--pod-cidr', podCidr);
  const services = network('--service-cidr', serviceCidr);
  if (overlap(pods, services)) {
    throw new CommandError(`--pod-cidr ${podCidr} and --service-cidr ${serviceCidr} overlap`);
  }
  // The first of the networks is left out, so that worker-1 has network 1.
  const needed = (workers + 1) * addressesPerNode;
  if (pods.size < needed) {
    throw new CommandError(
      `invalid value "${podCidr}" for --pod-cidr: ${workers} workers need ${needed} addresses, it has ${pods.size}`,
    );
  }
}

/** The same text; throws where it is no range of ports. */
export function checkPortRange(flag: string, text: string | undefined): string | undefined {
  if (text !== undefined) asTyped(() => parsePortRange(flag, text));
  return text;
}

/** The port that pods call the API at: Kubernetes' 443 where we may listen there, else 6443. */
export function apiServicePort(): number {
  const file = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  const first = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 1024;
  return ownUser().uid === 0 || first <= 443 ? 443 : 6443;
}

function network(flag: string, cidr: string): IpRange {
  const range = asTyped(() => parseIpRange(flag, cidr));
  const invalid = (why: string): CommandError =>
    new CommandError(`invalid value "${cidr}" for ${flag}: ${why}`);
  if (loopback.position(range.address(0)) === undefined) {
    throw invalid('must lie in 127.0.0.0/8: pods and services have loopback addresses');
  }
  if (range.position('127.0.0.1') !== undefined) {
    throw invalid("must not hold 127.0.0.1, the masters' own address");
  }
  return range;
}

/** Networks are aligned to their size: they overlap where one holds the other's first address. */
const overlap = (a: IpRange, b: IpRange): boolean =>
  a.position(b.address(0)) !== undefined || b.position(a.address(0)) !== undefined;
