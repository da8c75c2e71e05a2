import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type DuplexCall, duplexCall, serverStream } from '#shared/rpc';
import type { CommandInput as WireInput } from '../rpc/gen/quorate/v1/CommandInput.ts';
import type { CommandOutput__Output as WireOutput } from '../rpc/gen/quorate/v1/CommandOutput.ts';
import type { ForwardInput } from '../rpc/gen/quorate/v1/ForwardInput.ts';
import type { ForwardOutput__Output } from '../rpc/gen/quorate/v1/ForwardOutput.ts';
import type { PodsClient } from '../rpc/gen/quorate/v1/Pods.ts';
import type { LogOptions } from './api-client.ts';

/** Which streams of a container's a client wants. */
export interface CommandOptions {
  /** Absent: the only one. */
  readonly container?: string | undefined;
  readonly stdin: boolean;
  readonly stdout: boolean;
  /** Not with `tty`, which has one output. */
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ExecOptions extends CommandOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
}

export type CommandInput =
  | { readonly type: 'stdin'; readonly data: Uint8Array }
  /** There is no more standard input. */
  | { readonly type: 'stdin-end' }
  | { readonly type: 'resize'; readonly width: number; readonly height: number };

export type CommandOutput =
  | { readonly type: 'stdout' | 'stderr'; readonly data: Uint8Array }
  /** The last one. The code is 128 + signal number where a signal ended it; 0 after an attach. */
  | { readonly type: 'end'; readonly exitCode: number };

/** A command in a container, or an attachment to one. */
export interface RunningCommand {
  /** Resolves when more can be taken. */
  send(input: CommandInput): Promise<void>;
  /** Ends after the item that says how the command has; throws where that cannot be known. */
  readonly received: AsyncIterable<CommandOutput>;
  /** The client has left. */
  cancel(): void;
}

export interface CommandCall extends RunningCommand {
  readonly opened: Promise<void>;
}

/** One connection to a port of a pod. */
export type ForwardedConnection = Omit<DuplexCall<Uint8Array, Uint8Array>, 'opened'>;
export type ForwardCall = DuplexCall<Uint8Array, Uint8Array>;

/** The streams of quorate.v1.Pods, as an agent serves them for its pods and an API server for all. */
export interface PodStreams {
  log(namespace: string, name: string, options: LogOptions): AsyncGenerator<Uint8Array, void>;
  exec(namespace: string, name: string, options: ExecOptions): CommandCall;
  attach(namespace: string, name: string, options: CommandOptions): CommandCall;
  /** `port` on the pod's own address. */
  forward(namespace: string, name: string, port: number, signal?: AbortSignal): ForwardCall;
}

export function podStreams(pods: PodsClient): PodStreams {
  return {
    log: (namespace, name, options) => log(pods, namespace, name, options),
    exec: (namespace, name, options) =>
      startCommand(pods.Exec(), { namespace, name, command: [...options.command] }, options),
    attach: (namespace, name, options) =>
      startCommand(pods.Attach(), { namespace, name, command: [] }, options),
    forward(namespace, name, port, signal) {
      const call: ClientDuplexStream<ForwardInput, ForwardOutput__Output> = pods.PortForward();
      const duplex = duplexCall(call, signal);
      void duplex.send({ start: { namespace, name, port } });
      return {
        ...duplex,
        send: (data) => duplex.send({ data }),
        received: forwarded(duplex.received),
      };
    },
  };
}

async function* log(
  pods: PodsClient,
  namespace: string,
  name: string,
  options: LogOptions,
): AsyncGenerator<Uint8Array, void> {
  const { tailLines, sinceTimeMs } = options;
  const call = pods.Log({
    namespace,
    name,
    container: options.container ?? '',
    follow: options.follow ?? false,
    previous: options.previous ?? false,
    timestamps: options.timestamps ?? false,
    limit_bytes: options.limitBytes ?? 0,
    ...(tailLines !== undefined && { tail_lines: tailLines }),
    ...(sinceTimeMs !== undefined && { since_time_ms: sinceTimeMs }),
  });
  for await (const { data } of serverStream(call, options.signal)) yield data;
}

function startCommand(
  call: ClientDuplexStream<WireInput, WireOutput>,
  what: { readonly namespace: string; readonly name: string; readonly command: string[] },
  { container = '', stdin, stdout, stderr, tty, signal }: CommandOptions,
): CommandCall {
  const duplex = duplexCall(call, signal);
  void duplex.send({ start: { ...what, container, stdin, stdout, stderr, tty } });
  return {
    opened: duplex.opened,
    cancel: () => duplex.cancel(),
    send: (input) => duplex.send(inputToWire(input)),
    received: outputs(duplex),
  };
}

const inputToWire = (input: CommandInput): WireInput => {
  if (input.type === 'stdin') return { stdin: Buffer.from(input.data) };
  if (input.type === 'stdin-end') return { stdin_end: true };
  return { resize: { width: input.width, height: input.height } };
};

const outputFromWire = ({ output, stdout, stderr, end }: WireOutput): CommandOutput => {
  if (output === 'end') return { type: 'end', exitCode: end?.exit_code ?? 0 };
  const data = (output === 'stderr' ? stderr : stdout) ?? new Uint8Array();
  return { type: output === 'stderr' ? 'stderr' : 'stdout', data };
};

async function* outputs(
  call: DuplexCall<WireInput, WireOutput>,
): AsyncGenerator<CommandOutput, void> {
  for await (const message of call.received) {
    // Nothing is written any more to a call that is as good as over.
    if (message.output === 'end') call.end();
    yield outputFromWire(message);
  }
}

async function* forwarded(
  received: AsyncIterable<ForwardOutput__Output>,
): AsyncGenerator<Uint8Array, void> {
  const messages = received[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await messages.next();
    // Without closing the iterator: the other direction may go on.
    if (done === true || value.output === 'end') return;
    if (value.data) yield value.data;
  }
}
