import type { Clock } from '#shared/clock';
import type { Environment, HostProcess, StartSettings } from '#shared/runtime';
import type { Output } from './terminal.ts';

/** What a verb has of the world around it. Only main.ts and run.ts know where it comes from. */
export interface Context {
  readonly out: Output;
  readonly err: Output;
  readonly env: Environment;
  readonly clock: Clock;
  /** Relative file names start here. */
  readonly cwd: string;
  readonly stdinIsTty: boolean;
  /** For what is carried to and from another terminal, byte by byte. */
  readonly terminal: Pick<NodeJS.Process, 'stdin' | 'stdout'>;
  readStdin(): Promise<string>;
  /** Runs before the process ends on Ctrl-C (exit code 130). */
  onInterrupt(fn: () => void): void;
  /** The exit code of a run that printed everything it had to say. */
  setExitCode(code: number): void;
  /** This process begins anew where it lacks any of these; before anything else is done. */
  startAnew(settings: StartSettings): void;
  /** For the processes of a cluster, which are started and signalled from here. */
  readonly host: HostProcess & Pick<NodeJS.Process, 'kill'>;
  readonly pid: number;
  readonly execPath: string;
  /** This program's entry file. */
  readonly program: string;
}
