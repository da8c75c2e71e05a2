import type { Node } from '#shared/api';
import { QuorateError } from '#shared/base';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { refs } from '../objects/refs.ts';
import { withSession } from '../objects/session.ts';
import { workersOf } from './layout.ts';
import { runningProcess } from './processes.ts';
import type { Cluster } from './state.ts';

const timeoutMs = 60_000;
const pollMs = 25;

/** Resolves when the API answers and the node of every worker that runs takes pods. */
export async function waitForNodes(context: Context, cluster: Cluster): Promise<void> {
  const running = workersOf(cluster.state.parts).filter((part) =>
    runningProcess(cluster, part.name),
  );
  const deadline = context.clock.monotonic() + timeoutMs;
  await withSession(context, { dataDir: cluster.dir }, async ({ api }) => {
    for (;;) {
      const missing = await notReady(() => api.list<Node>(refs.nodes));
      if (missing === undefined) return;
      if (context.clock.monotonic() > deadline) {
        throw new CommandError(`not ready after ${timeoutMs / 1000} s: ${missing}`, {
          hint: 'See `quorate status`, and `quorate component-logs NAME` for what a process says.',
        });
      }
      await context.clock.sleep(pollMs);
    }
  });

  /** What is still missing, for people; undefined: nothing. */
  async function notReady(
    list: () => Promise<{ items: readonly Node[] }>,
  ): Promise<string | undefined> {
    try {
      const { items } = await list();
      const ready = new Set(items.filter(takesPods).map((node) => node.metadata?.name));
      const missing = running.filter((part) => !ready.has(part.name));
      return missing.length === 0
        ? undefined
        : `node ${missing.map((part) => part.name).join(', ')}`;
    } catch (thrown) {
      if (QuorateError.is(thrown, 'unavailable', 'deadline-exceeded')) return thrown.message;
      throw thrown;
    }
  }
}

/** The taint outlives the condition, until the node controller comes to it. */
function takesPods(node: Node): boolean {
  const silent = /^node\.kubernetes\.io\/(not-ready|unreachable)$/;
  return isReady(node) && !node.spec?.taints?.some(({ key }) => silent.test(key));
}

export function isReady(node: Node): boolean {
  return (
    node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
    false
  );
}
