import { spawn } from 'node:child_process';
import { afterAnswer } from './after-answer.ts';
import type { ProcessFault } from './fault.ts';
import type { ActiveFault, FaultPlane } from './plane.ts';
import { holdUp } from './points.ts';

export interface OwnProcess {
  readonly pid: number;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

const slowEveryMs = 20;

/**
 * Carries process faults out on this process, when the caller has been answered; being slow also
 * where it has survived a restart. `hold` keeps the whole process for so many milliseconds.
 */
export function processInjector(
  plane: FaultPlane,
  own: OwnProcess,
  hold: (ms: number) => void = holdUp,
): (spec: ProcessFault, forMs: number | undefined) => void {
  const { clock } = plane;
  const slowest = (): ActiveFault<ProcessFault> | undefined =>
    plane.processes
      .filter(({ spec }) => spec.what === 'slow')
      .reduce<ActiveFault<ProcessFault> | undefined>(
        (most, fault) => (fault.spec.percent > (most?.spec.percent ?? 0) ? fault : most),
        undefined,
      );
  let slowing = false;
  const slow = (): void => {
    const fault = slowest();
    slowing = fault !== undefined;
    if (!fault) return;
    const heldMs = slowEveryMs * (fault.spec.percent / 100);
    clock.after(slowEveryMs - heldMs, () => {
      fault.hits++;
      hold(heldMs);
      slow();
    });
  };
  slow();
  return ({ what }, forMs) => {
    if (what === 'slow') {
      if (!slowing) slow();
    } else if (what === 'kill') afterAnswer(clock, () => plane.crash(undefined));
    else afterAnswer(clock, () => pause(own, forMs ?? 0, hold));
  };
}

/** A stopped process cannot wake itself: a child does, and ends. Where there is no shell it only stands still. */
function pause(own: OwnProcess, forMs: number, hold: (ms: number) => void): void {
  const wake = `sleep ${forMs / 1000}; kill -CONT ${own.pid}`;
  const child = spawn('sh', ['-c', wake], { detached: true, stdio: 'ignore' });
  child.on('error', () => hold(forMs));
  child.on('spawn', () => own.kill(own.pid, 'SIGSTOP'));
  child.unref();
}
