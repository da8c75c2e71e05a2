import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Command } from 'commander';
import type { Pod } from '#shared/api';
import { QuorateError } from '#shared/base';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { integerFlag } from '../flags.ts';
import { podOf } from '../objects/pod-of.ts';
import { type Session, withSession } from '../objects/session.ts';
import { addNamespace, type NamespaceOptions } from '../options.ts';

export function command(context: Context): Command {
  return addNamespace(new Command())
    .usage('(POD | TYPE/NAME) [LOCAL:]REMOTE [...]')
    .argument('<name>', 'such as hello-5d4f-x7k2, or deployment/hello')
    .argument('<ports...>', 'such as 8080, 9000:80, or :80 for any local port')
    .action((name: string, ports: string[], options: NamespaceOptions) =>
      withSession(context, options, async (session) => {
        const pairs = ports.map(parsePorts);
        const pod = await podOf(context, session, name);
        const servers = await Promise.all(
          pairs.map((pair) => forward(context, session, pod, pair)),
        );
        // Until somebody interrupts it.
        await Promise.all(servers.map((server) => once(server, 'close')));
      }),
    );
}

interface Ports {
  /** 0: any. */
  readonly local: number;
  readonly remote: number;
}

function parsePorts(text: string): Ports {
  const parts = text.split(':');
  if (parts.length > 2) throw new CommandError(`invalid port "${text}": must be [LOCAL:]REMOTE`);
  const remote = integerFlag('REMOTE', parts.at(-1) ?? '', 1, 65_535);
  const [local] = parts;
  if (parts.length === 1) return { local: remote, remote };
  return { local: local ? integerFlag('LOCAL', local, 1, 65_535) : 0, remote };
}

async function forward(
  context: Context,
  session: Session,
  pod: Pod,
  { local, remote }: Ports,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    carry(session, pod, remote, socket).catch((thrown: unknown) => {
      socket.destroy();
      context.err.write(`error: port ${remote}: ${QuorateError.from(thrown).message}\n`);
    });
  });
  server.listen(local, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (thrown) {
    throw new CommandError(`cannot listen on 127.0.0.1:${local}: ${String(thrown)}`);
  }
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : local;
  context.out.write(`Forwarding from 127.0.0.1:${port} -> ${remote}\n`);
  return server;
}

async function carry(session: Session, pod: Pod, remote: number, socket: Socket): Promise<void> {
  const { name = '', namespace = '' } = pod.metadata ?? {};
  socket.on('error', () => undefined);
  const connection = await session.api.forward(namespace, name, remote);
  socket.once('close', () => {
    if (!socket.readableEnded) connection.cancel();
  });
  const up = async (): Promise<void> => {
    for await (const data of socket.iterator({ destroyOnReturn: false })) {
      await connection.send(data as Buffer);
    }
    connection.end();
  };
  up().catch(() => connection.cancel());
  for await (const data of connection.received) {
    if (socket.writable && !socket.write(data)) await once(socket, 'drain');
  }
  socket.end();
}
