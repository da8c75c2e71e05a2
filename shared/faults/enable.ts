import type { Rng } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { Service } from '#shared/runtime';
import { join } from 'node:path';
import { faultyClock } from './clock.ts';
import { freeAddress, Gate } from './gate.ts';
import { FaultPlane } from './plane.ts';
import { type OwnProcess, processInjector } from './process.ts';
import { createFaultServer } from './server.ts';

export interface EnableOptions {
  /** The process's name, as others call it. */
  readonly name: string;
  /** Its data directory, which must exist. */
  readonly dir: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly own: OwnProcess & { exit(code: number): void };
  /** Other parts live in this process: it cannot be paused or slowed for one of them. */
  readonly shared?: boolean;
  /** They are set through a socket in `dir`, where a port of this process is not within reach. */
  readonly socket?: boolean;
}

/** What a process started with --enable-faults has beside what it does. */
export interface EnabledFaults {
  readonly plane: FaultPlane;
  /** The time that the rest of the process is to live in. */
  readonly clock: Clock;
  /** Serves quorate.v1.Faults. Comes first. */
  readonly service: Service;
  /** Breaks every connection that passes through one. */
  closeGates(): void;
  /** Puts a gate before a server: it listens where the server would, and says where that is to listen. */
  gateBefore(peer: string, listen: string): Promise<string>;
  /** Puts a gate before somebody else's server: what to call instead of `target`. */
  gateTo(peer: string, target: string): Promise<string>;
}

/** Makes this process one that can be broken on purpose. Without it nothing here is in anybody's way. */
export function enableFaults(options: EnableOptions): EnabledFaults {
  const { name, dir, clock, rng, own, shared = false, socket = false } = options;
  const plane = new FaultPlane({
    name,
    shared,
    clock,
    rng,
    file: join(dir, 'faults.json'),
    crash: (code) => {
      if (code === undefined) own.kill(own.pid, 'SIGKILL');
      else own.exit(code);
    },
  });
  const bent = faultyClock(plane);
  plane.restore();
  const gates: Gate[] = [];
  const server = createFaultServer({ plane, dir, socket, carryOut: processInjector(plane, own) });
  const open = async (gate: Gate): Promise<string> => {
    gates.push(gate);
    return gate.start();
  };
  const closeGates = (): void => {
    for (const gate of gates.splice(0)) gate.stop();
  };
  return {
    plane,
    clock: bent,
    service: {
      start: () => server.start(),
      async stop() {
        closeGates();
        await server.stop();
      },
    },
    closeGates,
    async gateBefore(peer, listen) {
      const target = await freeAddress(rng);
      await open(new Gate({ plane, peer, callers: 'in', listen, target }));
      return target;
    },
    gateTo: (peer, target) =>
      open(new Gate({ plane, peer, callers: 'out', listen: '127.0.0.1:0', target })),
  };
}
