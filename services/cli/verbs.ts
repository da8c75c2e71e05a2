import type { VerbEntry } from './verb.ts';

const cluster = 'Cluster Commands:';
const basic = 'Basic Commands:';
const deploy = 'Deploy Commands:';
const troubleshooting = 'Troubleshooting Commands:';
const nodes = 'Node Commands:';
const advanced = 'Advanced Commands:';
const settings = 'Settings and Other Commands:';

/** Every verb, in the order in which help lists them. One file each in verbs/, loaded when used. */
export const verbs: readonly VerbEntry[] = [
  {
    name: 'up',
    summary: 'start the local cluster: 3 masters and 2 workers on loopback',
    group: cluster,
    load: () => import('./verbs/up.ts'),
  },
  {
    name: 'down',
    summary: 'stop the local cluster; its data stays unless --purge',
    group: cluster,
    load: () => import('./verbs/down.ts'),
  },
  {
    name: 'status',
    summary: 'show members, leader, nodes and pods on one screen',
    group: cluster,
    load: () => import('./verbs/status.ts'),
  },
  {
    name: 'start',
    summary: 'start masters or workers that are stopped',
    group: cluster,
    load: () => import('./verbs/start.ts'),
  },
  {
    name: 'stop',
    summary: 'stop masters or workers gracefully',
    group: cluster,
    load: () => import('./verbs/stop.ts'),
  },
  {
    name: 'restart',
    summary: 'stop masters or workers gracefully, and start them again',
    group: cluster,
    load: () => import('./verbs/restart.ts'),
  },
  {
    name: 'kill',
    summary: 'kill -9 masters or workers, as a machine that dies',
    group: cluster,
    load: () => import('./verbs/kill.ts'),
  },
  {
    name: 'component-logs',
    summary: 'print the log of a master or worker process',
    group: cluster,
    load: () => import('./verbs/component-logs.ts'),
  },
  {
    name: 'fault',
    summary: 'break links, disks, clocks and processes on purpose, and heal them',
    group: cluster,
    load: () => import('./verbs/fault.ts'),
  },
  {
    name: 'check',
    summary: 'put load on any etcd, and prove what it answered linearizable or wrong',
    group: cluster,
    load: () => import('./verbs/check.ts'),
  },
  {
    name: 'simulate',
    summary:
      'run whole clusters on a simulated network, disk and clock, and check what they promise',
    group: cluster,
    load: () => import('./verbs/simulate.ts'),
  },
  {
    name: 'store',
    summary: "run one member of the store in the foreground, with etcd's flags",
    group: cluster,
    load: () => import('./verbs/store.ts'),
  },
  {
    name: 'apiserver',
    summary: 'run one API server in the foreground, over a store elsewhere',
    group: cluster,
    load: () => import('./verbs/apiserver.ts'),
  },
  {
    name: 'create',
    summary: 'create objects from files or flags',
    group: basic,
    load: () => import('./verbs/create.ts'),
  },
  {
    name: 'get',
    summary: 'list one or many objects',
    group: basic,
    load: () => import('./verbs/get.ts'),
  },
  {
    name: 'describe',
    summary: 'show one or many objects in detail, with their events',
    group: basic,
    load: () => import('./verbs/describe.ts'),
  },
  {
    name: 'edit',
    summary: 'edit an object in $EDITOR',
    group: basic,
    load: () => import('./verbs/edit.ts'),
  },
  {
    name: 'delete',
    summary: 'delete objects by file, name, or label selector',
    group: basic,
    load: () => import('./verbs/delete.ts'),
  },
  {
    name: 'apply',
    summary: 'bring objects to the state that files describe',
    group: advanced,
    load: () => import('./verbs/apply.ts'),
  },
  {
    name: 'replace',
    summary: 'replace objects by those in files',
    group: advanced,
    load: () => import('./verbs/replace.ts'),
  },
  {
    name: 'patch',
    summary: 'change fields of an object',
    group: advanced,
    load: () => import('./verbs/patch.ts'),
  },
  {
    name: 'wait',
    summary: 'wait for a condition of one or many objects',
    group: advanced,
    load: () => import('./verbs/wait.ts'),
  },
  {
    name: 'rollout',
    summary: 'watch, undo, pause or restart the rollout of a deployment',
    group: deploy,
    load: () => import('./verbs/rollout.ts'),
  },
  {
    name: 'scale',
    summary: 'set the number of replicas',
    group: deploy,
    load: () => import('./verbs/scale.ts'),
  },
  {
    name: 'logs',
    summary: "print a pod's log",
    group: troubleshooting,
    load: () => import('./verbs/logs.ts'),
  },
  {
    name: 'exec',
    summary: 'run a command in a container',
    group: troubleshooting,
    load: () => import('./verbs/exec.ts'),
  },
  {
    name: 'port-forward',
    summary: 'forward local ports to a pod',
    group: troubleshooting,
    load: () => import('./verbs/port-forward.ts'),
  },
  {
    name: 'events',
    summary: 'list events, oldest first',
    group: troubleshooting,
    load: () => import('./verbs/events.ts'),
  },
  {
    name: 'cordon',
    summary: 'keep new pods off a node',
    group: nodes,
    load: () => import('./verbs/cordon.ts'),
  },
  {
    name: 'uncordon',
    summary: 'let new pods onto a node again',
    group: nodes,
    load: () => import('./verbs/uncordon.ts'),
  },
  {
    name: 'drain',
    summary: 'cordon a node and move its pods away',
    group: nodes,
    load: () => import('./verbs/drain.ts'),
  },
  {
    name: 'taint',
    summary: 'set or remove taints of nodes',
    group: nodes,
    load: () => import('./verbs/taint.ts'),
  },
  {
    name: 'label',
    summary: 'set or remove labels of an object',
    group: settings,
    load: () => import('./verbs/label.ts'),
  },
  {
    name: 'annotate',
    summary: 'set or remove annotations of an object',
    group: settings,
    load: () => import('./verbs/annotate.ts'),
  },
  {
    name: 'api-resources',
    summary: 'list the kinds of objects that the server knows',
    group: settings,
    load: () => import('./verbs/api-resources.ts'),
  },
  {
    name: 'completion',
    summary: 'print the completion script for bash, zsh or fish',
    group: settings,
    load: () => import('./verbs/completion.ts'),
  },
  {
    name: 'version',
    summary: 'print the version',
    group: settings,
    load: () => import('./verbs/version.ts'),
  },
  {
    name: '__complete',
    summary: 'what the completion scripts call',
    group: settings,
    hidden: true,
    load: () => import('./verbs/complete.ts'),
  },
  {
    name: 'precompile',
    summary: 'load all of the program once, for the compile cache',
    group: settings,
    hidden: true,
    load: () => import('./verbs/precompile.ts'),
  },
  {
    name: 'master',
    summary: 'run a master of the local cluster in the foreground',
    group: cluster,
    hidden: true,
    load: () => import('./verbs/master.ts'),
  },
  {
    name: 'worker',
    summary: 'run a worker of the local cluster in the foreground',
    group: cluster,
    hidden: true,
    load: () => import('./verbs/worker.ts'),
  },
];

export function findVerb(word: string): VerbEntry | undefined {
  return verbs.find((verb) => verb.name === word || verb.aliases?.includes(word) === true);
}
