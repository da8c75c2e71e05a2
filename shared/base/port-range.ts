import { QuorateError } from './errors.ts';

/** Ports of a machine, both ends among them. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Of `30000-32767`; `name` says in the message which setting is wrong. */
export function parsePortRange(name: string, text: string): PortRange {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const first = Number(match?.[1] ?? 0);
  const last = Number(match?.[2] ?? 0);
  if (first < 1 || last < first || last > 65_535) {
    throw new QuorateError(
      'bad-request',
      `invalid value "${text}" for ${name}: must be a range of ports such as 30000-32767`,
    );
  }
  return { first, last };
}
