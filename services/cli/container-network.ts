import { writeFileSync } from 'node:fs';
import { QuorateError } from '#shared/base';

export interface NetworkHosts {
  /** The address of each part, by its name. */
  readonly hosts: ReadonlyMap<string, string>;
  /** A file that the part finds at the same path. */
  readonly fileFor: (name: string) => string;
  /** Runs a program of the image in the part's network, as its root; nothing where it does not run. */
  readonly run: (name: string, program: readonly string[]) => Promise<void>;
}

/** On the network nobody has it: what is sent there is lost, as on a wire that was cut. */
const nobody = '02:00:00:00:00:01';
const lost = (host: string): string =>
  `neigh replace ${host} lladdr ${nobody} nud permanent dev eth0`;
const found = (host: string): string => `neigh del ${host} dev eth0`;

/**
 * What the parts of a lab of containers do not reach of each other. A part that is cut off from
 * another sends its packets to an address of the Ethernet that nobody has, so that they are lost without
 * a word, and connections wait and send again. The tests' own connections stay, on all sides.
 */
export class ContainerNetwork {
  readonly #network: NetworkHosts;
  readonly #unreached = new Map<string, Set<string>>();

  constructor(network: NetworkHosts) {
    this.#network = network;
  }

  /** Who is in no group makes up one more. */
  async partition(groups: readonly (readonly string[])[]): Promise<void> {
    const names = [...this.#network.hosts.keys()];
    const groupOf = (name: string): number => groups.findIndex((group) => group.includes(name));
    if (new Set(names.map(groupOf)).size < 2) {
      throw new QuorateError('bad-request', 'a partition needs processes on two sides');
    }
    for (const name of names) {
      const unreached = this.#unreached.get(name) ?? new Set();
      for (const other of names) {
        if (groupOf(other) !== groupOf(name)) unreached.add(other);
      }
      this.#unreached.set(name, unreached);
    }
    await Promise.all(names.map((name) => this.restore(name)));
  }

  async mend(): Promise<void> {
    const cut = [...this.#unreached];
    this.#unreached.clear();
    // Set before it is deleted, so that there is something to delete in a network that is new.
    await Promise.all(
      cut.map(([name, others]) => this.#ip(name, others, (host) => [lost(host), found(host)])),
    );
  }

  /** Cuts a part that has just started, with a network as new as it is, off from what it was cut off from. */
  async restore(name: string): Promise<void> {
    await this.#ip(name, this.#unreached.get(name) ?? new Set(), (host) => [lost(host)]);
  }

  async #ip(
    name: string,
    others: ReadonlySet<string>,
    commands: (host: string) => string[],
  ): Promise<void> {
    if (others.size === 0) return;
    const file = this.#network.fileFor(name);
    const hosts = [...others].map((other) => this.#network.hosts.get(other) ?? '');
    writeFileSync(file, `${hosts.flatMap(commands).join('\n')}\n`);
    await this.#network.run(name, ['ip', '-force', '-batch', file]);
  }
}
