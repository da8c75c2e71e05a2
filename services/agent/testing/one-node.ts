import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, Pod } from '#shared/api';
import { systemClock } from '#shared/clock';
import type { AgentConfig } from '../config.ts';
import { type Agent, createAgent } from '../server.ts';
import { systemHost } from '../system-host.ts';
import { PodApi } from './pod-api.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** A node with agents of its own, one after the other, on real processes and files. */
export class OneNode {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'agent-'));
  readonly api = new PodApi();
  readonly #agents: Agent[] = [];

  /** An agent that whoever asked for it stops. */
  async start(config: Partial<AgentConfig> = {}): Promise<Agent> {
    const agent = createAgent({
      api: this.api.client,
      nodeName: 'node-1',
      host: systemHost({
        dataDir: this.dataDir,
        listen: { host: '127.0.0.1', port: 0 },
        hostEnvironment: process.env,
        execPath: process.execPath,
      }),
      clock: systemClock,
      log: quiet,
      config: { heartbeatMs: 20, relistMs: 20, restartBackoffMs: 10, ...config },
    });
    await agent.start();
    return agent;
  }

  async run(config: Partial<AgentConfig> = {}): Promise<Agent> {
    const agent = await this.start(config);
    this.#agents.push(agent);
    return agent;
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    // Whatever a test has left running.
    const last = await this.start({ stopPodsOnExit: true });
    await last.stop();
    rmSync(this.dataDir, { recursive: true });
  }
}

let uids = 0;

/** A pod of node-1 with a container `main`. */
export const podOf = (name: string, container: Partial<Container>, spec: object = {}): Pod => ({
  metadata: { name, namespace: 'default', uid: `uid-${++uids}`, labels: { app: 'x' } },
  spec: {
    nodeName: 'node-1',
    terminationGracePeriodSeconds: 5,
    containers: [{ name: 'main', image: 'none', ...container }],
    ...spec,
  },
});
