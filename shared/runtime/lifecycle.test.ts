import { describe, expect, it } from 'vitest';
import { type HostProcess, runMain, type Service } from './lifecycle.ts';
import { createLogger } from './log.ts';

const log = createLogger({ level: 'silent', component: 'test' });

function fakeHost() {
  const listeners = new Map<string, (error?: unknown) => void>();
  const exits: number[] = [];
  let exited: () => void = () => undefined;
  const exit = new Promise<void>((resolve) => {
    exited = resolve;
  });
  const host: HostProcess = {
    on: (event: string, listener: (error?: unknown) => void) => void listeners.set(event, listener),
    exit: (code) => {
      exits.push(code);
      exited();
    },
  };
  const raise = (event: string, error?: unknown): void => listeners.get(event)?.(error);
  return { host, exits, exit, raise };
}

function recorder(calls: string[], name: string, failing?: 'start' | 'stop'): Service {
  const record = (what: 'start' | 'stop') => (): Promise<void> => {
    calls.push(`${what} ${name}`);
    return what === failing ? Promise.reject(new Error(`${what} failed`)) : Promise.resolve();
  };
  return { start: record('start'), stop: record('stop') };
}

describe('runMain', () => {
  it('stops in the opposite order, once, and exits with 0', async () => {
    const { host, exits, exit, raise } = fakeHost();
    const calls: string[] = [];
    await runMain(host, log, async () => [recorder(calls, 'store'), recorder(calls, 'api')]);
    raise('SIGTERM');
    await exit;
    expect(calls).toEqual(['start store', 'start api', 'stop api', 'stop store']);
    expect(exits).toEqual([0]);
  });

  it('exits at once on a second signal', async () => {
    const { host, exits, raise } = fakeHost();
    const stuck: Service = { start: () => Promise.resolve(), stop: () => new Promise(() => {}) };
    await runMain(host, log, async () => [stuck]);
    raise('SIGTERM');
    raise('SIGINT');
    expect(exits).toEqual([130]);
  });

  it('stops what had started when a later part cannot', async () => {
    const { host, exits, exit } = fakeHost();
    const calls: string[] = [];
    await runMain(host, log, async () => [
      recorder(calls, 'store'),
      recorder(calls, 'api', 'start'),
      recorder(calls, 'never'),
    ]);
    await exit;
    expect(calls).toEqual(['start store', 'start api', 'stop api', 'stop store']);
    expect(exits).toEqual([1]);
  });

  it('goes on stopping after a part failed to, and says so in the exit code', async () => {
    const { host, exits, exit, raise } = fakeHost();
    const calls: string[] = [];
    await runMain(host, log, async () => [recorder(calls, 'a'), recorder(calls, 'b', 'stop')]);
    raise('SIGINT');
    await exit;
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
    expect(exits).toEqual([1]);
  });

  it('ends the process on an error that nobody caught', async () => {
    const { host, exits, raise } = fakeHost();
    await runMain(host, log, async () => []);
    raise('unhandledRejection', new Error('bug'));
    expect(exits).toEqual([70]);
  });
});
