import { QuorateError } from '#shared/base';

/** Where a pod's address is from. */
export const networkOf = (address: string): string =>
  `${address.slice(0, address.lastIndexOf('.'))}.0/24`;

/**
 * Pod addresses .2 to .254 of a /24. Each search begins after the address given last, so that one
 * is not used again while somebody may still believe in its former owner.
 */
export class AddressPool {
  readonly #prefix: string;
  readonly #cidr: string;
  #last = 1;

  constructor(cidr: string) {
    const match = /^(\d+\.\d+\.\d+)\.0\/24$/.exec(cidr);
    if (!match) throw new QuorateError('invalid', `pod CIDR ${cidr}: must be an IPv4 /24`);
    this.#prefix = match[1] ?? '';
    this.#cidr = cidr;
  }

  /** The next address that is not in `used`. */
  allocate(used: ReadonlySet<string>): string {
    for (let step = 0; step < 253; step++) {
      this.#last = this.#last >= 254 ? 2 : this.#last + 1;
      const address = `${this.#prefix}.${this.#last}`;
      if (!used.has(address)) return address;
    }
    throw new QuorateError('resource-exhausted', `no free pod address in ${this.#cidr}`);
  }

  /** Continues after an address that was given earlier, by an agent before this one. */
  continueAfter(address: string): void {
    if (address.startsWith(`${this.#prefix}.`)) {
      this.#last = Number(address.slice(this.#prefix.length + 1));
    }
  }
}
