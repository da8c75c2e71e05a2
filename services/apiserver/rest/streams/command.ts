import { QuorateError } from '#shared/base';
import { badRequest, type Status, statusFor } from '#shared/api';
import type { CommandCall, CommandOptions, ExecOptions } from '#shared/client';
import type { Clock, Timer } from '#shared/clock';
import type { Call } from '../../requests/call.ts';
import type { Exchange, Upgrade } from '../exchange.ts';
import { booleanParam } from '../params.ts';
import type { CommandPeer } from './command-peer.ts';
import { spdyCommand, spdyCommandProtocols } from './spdy-command.ts';
import {
  acceptSpdy,
  acceptWebSocket,
  askedUpgrade,
  chooseStreamProtocol,
  chooseSubprotocol,
} from './upgrade.ts';
import { WebSocketCommand, webSocketCommandProtocols } from './websocket-command.ts';

/** pods/exec and pods/attach. What fails before the upgrade is a status, afterwards the stream's. */
export async function serveCommand(
  call: Call,
  exchange: Exchange,
  clock: Clock,
  stopping: AbortSignal,
): Promise<void> {
  const options = commandOptions(exchange.query);
  const accept = acceptor(exchange, options, clock);
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, stopping]);
  try {
    const running = await (call.place.subresource === 'exec'
      ? call.exec({ ...options, signal })
      : call.attach({ ...options, signal }));
    await carry(running, await accept(), options, clock);
  } finally {
    ended.abort();
  }
}

/** Throws `bad-request` for what cannot be carried; resolves with the client's end after the upgrade. */
function acceptor(
  exchange: Exchange,
  options: CommandOptions,
  clock: Clock,
): () => Promise<CommandPeer> {
  const { protocol, upgrade } = askedUpgrade(exchange);
  if (protocol === 'spdy') {
    const version = chooseStreamProtocol(exchange, spdyCommandProtocols);
    return () => spdyCommand(acceptSpdy(upgrade, version), options, clock);
  }
  const version = chooseSubprotocol(exchange, webSocketCommandProtocols, 'channel.k8s.io');
  return () => webSocketCommand(exchange, upgrade, version, options, clock);
}

async function webSocketCommand(
  exchange: Exchange,
  upgrade: Upgrade,
  version: string,
  { stdout, stderr }: CommandOptions,
  clock: Clock,
): Promise<CommandPeer> {
  const peer = new WebSocketCommand(
    await acceptWebSocket(exchange, upgrade, version, clock),
    version,
  );
  await peer.greet(stdout ? 'stdout' : stderr ? 'stderr' : 'error');
  return peer;
}

/** What its client has sent, a command may work off for so long after that one left. */
const lingerMs = 10_000;

async function carry(
  running: CommandCall,
  peer: CommandPeer,
  { stdin, tty }: CommandOptions,
  clock: Clock,
): Promise<void> {
  const pumped = peer.pump((input) => running.send(input)).catch(() => running.cancel());
  let late: Timer | undefined;
  void peer.closed.then(async () => {
    if (!stdin || tty) return running.cancel();
    // Clients that only write, and close: the end of the input ends most commands.
    late = clock.after(lingerMs, () => running.cancel());
    await pumped;
    await running.send({ type: 'stdin-end' }).catch(() => undefined);
  });
  let status: Status;
  try {
    status = await outcome(running, peer);
  } catch (thrown) {
    status = statusFor(QuorateError.from(thrown));
  }
  late?.cancel();
  await peer.finish(status);
}

async function outcome(running: CommandCall, peer: CommandPeer): Promise<Status> {
  for await (const output of running.received) {
    if (output.type === 'end') return exitStatus(output.exitCode);
    await peer.write(output.type, output.data);
  }
  throw new QuorateError('internal', 'the connection to the container was lost');
}

function exitStatus(exitCode: number): Status {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

function commandOptions(query: URLSearchParams): ExecOptions {
  const flag = (name: string): boolean => booleanParam(query, name) === true;
  const tty = flag('tty');
  const options = {
    container: query.get('container') || undefined,
    command: query.getAll('command'),
    stdin: flag('stdin'),
    stdout: flag('stdout'),
    // A terminal has one output.
    stderr: flag('stderr') && !tty,
    tty,
  };
  if (options.stdin || options.stdout || options.stderr) return options;
  throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
}
