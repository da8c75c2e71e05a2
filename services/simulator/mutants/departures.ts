import type { Mutant } from './mutant.ts';
import { slipAbove } from './slip.ts';

/** What nodes that are deleted bring to light, and nothing else does. */
export const departureMutants: readonly Mutant[] = [
  slipAbove(
    'node-forgotten-with-its-pods',
    'the scheduler takes a node that was deleted and comes again for an empty one',
    'services/scheduler/cache',
    'this.#nodes.delete(name);',
    'this.#nodes.delete(name); for (const [uid, place] of this.#placed) if (place.node === name) this.#placed.delete(uid);',
  ),
  slipAbove(
    'orphans-never-collected',
    'pods of a node that is gone stay',
    'services/controller-manager/pod-gc/plan',
    "return names.has(node) ? [] : [{ pod, reason: 'orphaned' }];",
    'return [];',
  ),
  slipAbove(
    'networks-change-hands',
    'a node that was deleted comes again with whatever network is free, and its pods stay where they are',
    'services/agent/server',
    'podCidr: () => this.#podCidr || before,',
    "podCidr: () => '',",
  ),
  slipAbove(
    'deleted-node-stays-away',
    'an agent whose Node object was deleted goes on as if it were there',
    'services/agent/node/registration',
    'this.#registered = false; await this.next();',
    '',
  ),
];
