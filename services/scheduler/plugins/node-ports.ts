import type { HostPort } from '../node-info.ts';
import type { FilterPlugin } from './plugin.ts';

const anyAddress = '0.0.0.0';

function collide(a: HostPort, b: HostPort): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port) return false;
  return a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress;
}

/** Two pods of one node cannot hold the same host port. */
export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  wakesOn: ['node-changed', 'pod-removed'],
  filter({ hostPorts }, { pods }) {
    if (hostPorts.length === 0) return [];
    const taken = [...pods.values()].flatMap((pod) => pod.hostPorts);
    const free = hostPorts.every((wanted) => !taken.some((held) => collide(wanted, held)));
    return free ? [] : ["node(s) didn't have free ports for the requested pod ports"];
  },
};
