import type { ServerDuplexStream } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { type ServedDuplex, serveDuplex, streamOut } from '#shared/rpc';
import type { CommandInput__Output as WireInput } from '../rpc/gen/quorate/v1/CommandInput.ts';
import type { CommandOutput as WireOutput } from '../rpc/gen/quorate/v1/CommandOutput.ts';
import type { CommandStart__Output } from '../rpc/gen/quorate/v1/CommandStart.ts';
import type { ForwardInput__Output } from '../rpc/gen/quorate/v1/ForwardInput.ts';
import type { ForwardOutput } from '../rpc/gen/quorate/v1/ForwardOutput.ts';
import type { LogRequest__Output } from '../rpc/gen/quorate/v1/LogRequest.ts';
import type { PodsHandlers } from '../rpc/gen/quorate/v1/Pods.ts';
import type { LogOptions } from './api-client.ts';
import type {
  CommandInput,
  CommandOutput,
  ExecOptions,
  ForwardedConnection,
  RunningCommand,
} from './pod-streams.ts';

/** Resolves when there is such a container; the function it resolves with then starts the call. */
type FindCommand = (
  namespace: string,
  name: string,
  options: ExecOptions,
) => Promise<() => Promise<RunningCommand>>;

/** Who has pods, or knows who has them. */
export interface PodsHost {
  log(namespace: string, name: string, options: LogOptions): AsyncIterable<Uint8Array>;
  readonly exec: FindCommand;
  readonly attach: FindCommand;
  forward(
    namespace: string,
    name: string,
    port: number,
    signal: AbortSignal,
  ): Promise<ForwardedConnection>;
}

type CommandDuplex = ServedDuplex<WireInput, WireOutput>;

/** What of a call says who makes it. */
export type PodsCaller = Pick<ServerDuplexStream<unknown, unknown>, 'metadata' | 'getAuthContext'>;

/** quorate.v1.Pods over whatever host serves a caller. `stopping` ends every call. */
export function podsService(
  hostFor: (caller: PodsCaller) => PodsHost | Promise<PodsHost>,
  stopping?: AbortSignal,
): PodsHandlers {
  type CommandStream = ServerDuplexStream<WireInput, WireOutput>;
  const command = (verb: 'exec' | 'attach') => (call: CommandStream) =>
    serveDuplex(
      call,
      async (duplex) => {
        const host = await hostFor(call);
        return serveCommand(duplex, (...place) => host[verb](...place));
      },
      stopping,
    );
  return {
    Log: (call) =>
      streamOut(call, stopping, async function* (signal) {
        const { namespace, name } = call.request;
        const options = { ...logOptions(call.request), signal };
        const host = await hostFor(call);
        for await (const data of host.log(namespace, name, options)) {
          yield { data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
        }
      }),
    Exec: command('exec'),
    Attach: command('attach'),
    PortForward: (call) =>
      serveDuplex(call, async (duplex) => serveForward(duplex, await hostFor(call)), stopping),
  };
}

function logOptions(request: LogRequest__Output): LogOptions {
  const limitBytes = Number(request.limit_bytes);
  return {
    container: request.container || undefined,
    follow: request.follow,
    previous: request.previous,
    timestamps: request.timestamps,
    ...(request.tail_lines !== undefined && { tailLines: Number(request.tail_lines) }),
    ...(request.since_time_ms !== undefined && { sinceTimeMs: Number(request.since_time_ms) }),
    ...(limitBytes !== 0 && { limitBytes }),
  };
}

async function serveCommand(duplex: CommandDuplex, find: FindCommand): Promise<void> {
  const start = await startOf(duplex.received, (message) => message.start);
  const { namespace, name } = start;
  const begin = await find(namespace, name, commandOptions(start, duplex.signal));
  duplex.open();
  const running = await begin();
  const leave = (): void => running.cancel();
  duplex.signal.addEventListener('abort', leave, { once: true });
  if (duplex.signal.aborted) leave();
  const input = passInput(duplex, running).catch(leave);
  for await (const output of running.received) await duplex.send(outputToWire(output));
  await input;
}

const commandOptions = (start: CommandStart__Output, signal: AbortSignal): ExecOptions => ({
  container: start.container || undefined,
  command: start.command,
  stdin: start.stdin,
  stdout: start.stdout,
  stderr: start.stderr,
  tty: start.tty,
  signal,
});

async function passInput({ received }: CommandDuplex, running: RunningCommand): Promise<void> {
  for await (const message of iterate(received)) {
    const input = inputFromWire(message);
    if (input) await running.send(input);
  }
  await running.send({ type: 'stdin-end' });
}

function inputFromWire({ input, stdin, resize }: WireInput): CommandInput | undefined {
  if (input === 'stdin') return { type: 'stdin', data: stdin ?? new Uint8Array() };
  if (input === 'stdin_end') return { type: 'stdin-end' };
  if (input === 'resize' && resize) return { type: 'resize', ...resize };
  return undefined;
}

function outputToWire(output: CommandOutput): WireOutput {
  if (output.type === 'end') return { end: { exit_code: output.exitCode } };
  const data = Buffer.from(output.data);
  return output.type === 'stdout' ? { stdout: data } : { stderr: data };
}

async function serveForward(
  duplex: ServedDuplex<ForwardInput__Output, ForwardOutput>,
  host: PodsHost,
): Promise<void> {
  const { received, signal } = duplex;
  const { namespace, name, port } = await startOf(received, (message) => message.start);
  const connection = await host.forward(namespace, name, port, signal);
  const leave = (): void => connection.cancel();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  duplex.open();
  const send = async (): Promise<void> => {
    for await (const { data } of iterate(received)) if (data) await connection.send(data);
    connection.end();
  };
  const sent = send().catch(leave);
  for await (const data of connection.received) await duplex.send({ data: Buffer.from(data) });
  await duplex.send({ end: true });
  await sent;
}

async function startOf<In, Start>(
  received: AsyncIterator<In>,
  pick: (message: In) => Start | null | undefined,
): Promise<Start> {
  const { value, done } = await received.next();
  const start = done === true ? undefined : pick(value);
  if (start) return start;
  throw new QuorateError('bad-request', 'the first message of the call must be `start`');
}

/** What is left of an iteration that has begun. */
const iterate = <T>(iterator: AsyncIterator<T>): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => iterator,
});
