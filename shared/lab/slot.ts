import { createServer } from 'node:net';
import { QuorateError } from '#shared/base';

/** What separates labs that live at the same time on one machine. */
export interface TakenSlot {
  readonly portOffset: number;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly nodePortRange: string;
  release(): void;
}

/** Enough for a machine, and all ports stay below those that the kernel hands out by itself. */
const slots = 48;
const nodePortsPerSlot = 57;
const lockPort = 20_290;
/**
 * The first master's ports, and the first worker's: taken where somebody chose such a port offset by hand,
 * or where the process that had a lab died before it.
 */
const firstPorts = [23_791, 26_441, 16_441, 20_251];

/** A slot that no other lab has. It is this process's until it ends, or until `release`. */
export async function takeSlot(): Promise<TakenSlot> {
  for (let n = 1; n <= slots; n++) {
    const portOffset = n * 100;
    // A listening port is a lock that the kernel gives back, however its holder ends.
    const release = await hold(lockPort + portOffset);
    if (!release) continue;
    if (await areFree(firstPorts.map((port) => port + portOffset))) {
      const podCidr = `127.${128 + n}.0.0/16`;
      const serviceCidr = `127.${128 + slots + n}.0.0/16`;
      return { portOffset, podCidr, serviceCidr, nodePortRange: nodePortsOf(n), release };
    }
    release();
  }
  throw new QuorateError('resource-exhausted', `${slots} labs run on this machine already`);
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  const held = await Promise.all(ports.map(hold));
  for (const release of held) release?.();
  return held.every((release) => release !== undefined);
}

/** A share of Kubernetes' 30000-32767. */
function nodePortsOf(n: number): string {
  const first = 30_000 + (n - 1) * nodePortsPerSlot;
  return `${first}-${first + nodePortsPerSlot - 1}`;
}

function hold(port: number): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      server.unref();
      resolve(() => void server.close());
    });
  });
}
