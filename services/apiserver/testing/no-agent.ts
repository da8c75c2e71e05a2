import { QuorateError } from '#shared/base';
import type { AgentStreams } from '../pods/pod-access.ts';

const refuse = (): never => {
  throw new QuorateError('unavailable', 'no agent answers here');
};

/** For tests that reach into no pod. */
export const noAgent = (): AgentStreams => ({
  log: refuse,
  exec: refuse,
  attach: refuse,
  forward: refuse,
  usage: refuse,
  connect: refuse,
  close: () => undefined,
});
