import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container, Probe } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { ContainerRuntime } from '../runtime/runtime.ts';

export interface CheckResult {
  readonly ok: boolean;
  /** Kubelet's words for what came back; empty where all is well. */
  readonly output: string;
}

export interface CheckTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIp: string;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
}

/** What probes and lifecycle hooks have in common. */
export type Handler = Pick<Probe, 'httpGet' | 'tcpSocket' | 'exec'>;

/** Runs a handler once. Never rejects: what cannot be asked has failed. */
export async function check(
  handler: Handler,
  target: CheckTarget,
  timeoutMs: number,
): Promise<CheckResult> {
  try {
    const { httpGet, tcpSocket, exec } = handler;
    if (httpGet) return await checkHttp(httpGet, target, timeoutMs);
    if (tcpSocket) return await checkTcp(tcpSocket, target, timeoutMs);
    if (exec) return await checkExec(exec.command ?? [], target, timeoutMs);
    return { ok: false, output: 'only httpGet, tcpSocket and exec are supported' };
  } catch (thrown) {
    return { ok: false, output: QuorateError.from(thrown).message };
  }
}

function checkHttp(
  { host, path = '/', port, scheme = 'HTTP', httpHeaders = [] }: NonNullable<Probe['httpGet']>,
  target: CheckTarget,
  timeoutMs: number,
): Promise<CheckResult> {
  const hostname = host ?? target.podIp;
  const number = portNumber(port, target.container);
  const secure = scheme === 'HTTPS';
  const url = `${secure ? 'https' : 'http'}://${hostname}:${number}${path}`;
  const headers: Record<string, string> = { 'user-agent': 'kube-probe/quorate', accept: '*/*' };
  for (const { name, value } of httpHeaders) headers[name.toLowerCase()] = value;
  return new Promise((resolve) => {
    const options = { hostname, port: number, path, headers, agent: false };
    const request = secure
      ? httpsRequest({ ...options, rejectUnauthorized: false })
      : httpRequest(options);
    const done = (result: CheckResult): void => {
      timer.cancel();
      request.destroy();
      resolve(result);
    };
    const failed = (why: string): void => done({ ok: false, output: `Get "${url}": ${why}` });
    const timer = target.clock.after(timeoutMs, () => failed('context deadline exceeded'));
    request.on('error', (error) => failed(networkError(error)));
    request.once('response', (response: IncomingMessage) => {
      const status = response.statusCode ?? 0;
      response.resume();
      if (status >= 200 && status < 400) done({ ok: true, output: '' });
      else done({ ok: false, output: `HTTP probe failed with statuscode: ${status}` });
    });
    request.end();
  });
}

function checkTcp(
  { host, port }: NonNullable<Probe['tcpSocket']>,
  target: CheckTarget,
  timeoutMs: number,
): Promise<CheckResult> {
  const address = host ?? target.podIp;
  const number = portNumber(port, target.container);
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: number });
    const done = (result: CheckResult): void => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const failed = (why: string): void => done({ ok: false, output: why });
    const timer = target.clock.after(timeoutMs, () =>
      failed(`dial tcp ${address}:${number}: i/o timeout`),
    );
    socket.on('error', (error) => failed(networkError(error)));
    socket.once('connect', () => done({ ok: true, output: '' }));
  });
}

const systemErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
};

/** A failed connection in kubelet's words: `dial tcp 127.64.1.2:80: connect: connection refused`. */
function networkError(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  const why = systemErrors[error.code ?? ''];
  if (why === undefined) return error.message;
  return error.syscall === 'connect'
    ? `dial tcp ${error.address}:${error.port}: connect: ${why}`
    : `${error.syscall}: ${why}`;
}

async function checkExec(
  command: readonly string[],
  { runtime, containerId }: CheckTarget,
  timeoutMs: number,
): Promise<CheckResult> {
  const { exitCode, output, timedOut } = await runtime.execSync(containerId, command, timeoutMs);
  if (timedOut) return { ok: false, output: `command timed out: ${command.join(' ')}` };
  return { ok: exitCode === 0, output: exitCode === 0 ? '' : output };
}

/** A port by number, or by its name in the container's list. */
function portNumber(port: number | string, { ports = [] }: Container): number {
  const named = ports.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new QuorateError('invalid', `couldn't find port: ${port}`);
}
