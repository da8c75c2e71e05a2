import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import {
  createFaultClient,
  type Fault,
  type FaultClient,
  type FaultSpec,
  type FaultTarget,
  type LinkFault,
  linkRoutes,
  noLinkFault,
  partitionRoutes,
  readEndpoint,
  type Route,
  type SetOptions,
} from '#shared/faults';

/** What a link does to what passes; nothing where nothing is said. */
export type LinkNumbers = Partial<Omit<LinkFault, 'kind' | 'peer' | 'direction'>>;

const { kind: _kind, peer: _peer, direction: _direction, ...undisturbed } = noLinkFault;

export function partNamed(parts: readonly FaultTarget[], name: string): FaultTarget {
  const part = parts.find((one) => one.name === name);
  if (part) return part;
  const known = parts.map((one) => one.name).join(', ');
  throw new QuorateError('not-found', `no part is named "${name}": there are ${known}`);
}

/** The fault planes of a lab's parts, each reached by the file that its process leaves in its directory. */
export class FaultPlanes {
  readonly #dataDir: string;
  readonly #parts: readonly FaultTarget[];

  constructor(dataDir: string, parts: readonly FaultTarget[]) {
    this.#dataDir = dataDir;
    this.#parts = parts;
  }

  set(part: string, spec: FaultSpec, options: SetOptions): Promise<Fault> {
    return this.#with(part, (client) => client.set(spec, options));
  }

  async list(part: string): Promise<readonly Fault[]> {
    const { faults } = await this.#with(part, (client) => client.list());
    return faults;
  }

  async link(from: string, to: string, numbers: LinkNumbers, options: SetOptions): Promise<void> {
    await this.#setAll(linkRoutes(this.#parts, from, to, { ...undisturbed, ...numbers }), options);
  }

  async partition(groups: readonly (readonly string[])[]): Promise<void> {
    const numbers = { ...undisturbed, drop: 1, partition: `partition ${groups.join(' | ')}` };
    await this.#setAll(partitionRoutes(this.#parts, groups, numbers), {});
  }

  /** Heals those that answer: whether all did. */
  async heal(): Promise<boolean> {
    const healed = this.#parts.map(({ name }) => this.#with(name, (client) => client.heal()));
    const settled = await Promise.allSettled(healed);
    return settled.every(({ status }) => status === 'fulfilled');
  }

  async #setAll(routes: readonly Route[], options: SetOptions): Promise<void> {
    await Promise.all(routes.map(({ process, spec }) => this.set(process, spec, options)));
  }

  async #with<T>(part: string, use: (client: FaultClient) => Promise<T>): Promise<T> {
    const { name } = partNamed(this.#parts, part);
    const client = createFaultClient(readEndpoint(join(this.#dataDir, name)));
    try {
      return await use(client);
    } finally {
      client.close();
    }
  }
}
