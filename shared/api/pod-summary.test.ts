import { expect, test } from 'vitest';
import { summarizePod } from './pod-summary.ts';
import type { Pod } from './types.ts';

type Part = { status?: object; metadata?: object; init?: number };

const pod = ({ status = {}, metadata = {}, init = 0 }: Part): Pod => ({
  metadata,
  spec: {
    containers: [{ name: 'a' }, { name: 'b' }],
    initContainers: Array.from({ length: init }, (_, i) => ({ name: `i${i}` })),
  },
  status,
});

const running = { ready: true, restartCount: 0, state: { running: {} } };
const waiting = (reason: string): object => ({ ready: false, state: { waiting: { reason } } });
const ended = (terminated: object): object => ({ ready: false, state: { terminated } });

test.each<[string, Part]>([
  ['Pending', { status: { phase: 'Pending' } }],
  ['Running', { status: { phase: 'Running', containerStatuses: [running, running] } }],
  ['Evicted', { status: { phase: 'Failed', reason: 'Evicted' } }],
  [
    'ContainerCreating',
    { status: { phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] } },
  ],
  [
    'CrashLoopBackOff',
    { status: { phase: 'Running', containerStatuses: [running, waiting('CrashLoopBackOff')] } },
  ],
  [
    'Error',
    { status: { phase: 'Failed', containerStatuses: [ended({ exitCode: 1, reason: 'Error' })] } },
  ],
  ['ExitCode:3', { status: { containerStatuses: [ended({ exitCode: 3 })] } }],
  ['Signal:9', { status: { containerStatuses: [ended({ exitCode: 137, signal: 9 })] } }],
  [
    'Completed',
    {
      status: {
        phase: 'Succeeded',
        containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })],
      },
    },
  ],
  [
    'NotReady',
    {
      status: {
        phase: 'Running',
        containerStatuses: [ended({ exitCode: 0, reason: 'Completed' }), running],
      },
    },
  ],
  [
    'Init:1/2',
    {
      init: 2,
      status: {
        phase: 'Pending',
        initContainerStatuses: [ended({ exitCode: 0 }), { state: { running: {} } }],
        containerStatuses: [waiting('PodInitializing')],
      },
    },
  ],
  [
    'Init:Error',
    {
      init: 1,
      status: { initContainerStatuses: [ended({ exitCode: 1, reason: 'Error' })] },
    },
  ],
  [
    'Terminating',
    {
      metadata: { deletionTimestamp: 'x' },
      status: { phase: 'Running', containerStatuses: [running] },
    },
  ],
])('STATUS %s', (text, part) => {
  expect(summarizePod(pod(part)).status).toBe(text);
});

test('READY and RESTARTS', () => {
  const lastState = { terminated: { finishedAt: '2026-01-01T00:00:00Z' } };
  const statuses = [running, { ...running, ready: false, restartCount: 3, lastState }];
  expect(summarizePod(pod({ status: { containerStatuses: statuses } }))).toMatchObject({
    readyContainers: 1,
    totalContainers: 2,
    restarts: 3,
    lastRestartMs: Date.UTC(2026, 0, 1),
  });
});

test('a sidecar counts among the containers, before and after the pod is initialized', () => {
  const sidecar = { ...running, name: 'side', started: true, restartCount: 2 };
  const spec = {
    initContainers: [{ name: 'side', restartPolicy: 'Always' as const }, { name: 'migrate' }],
    containers: [{ name: 'a' }],
  };
  const migrating = { name: 'migrate', state: { running: {} }, restartCount: 1 };
  const during = { phase: 'Pending', initContainerStatuses: [sidecar, migrating] };
  expect(summarizePod({ spec, status: during } as Pod)).toMatchObject({
    status: 'Init:1/2',
    readyContainers: 1,
    totalContainers: 2,
    restarts: 3,
  });
  const migrated = { ...ended({ exitCode: 0 }), name: 'migrate', restartCount: 1 };
  const after = {
    phase: 'Running',
    conditions: [{ type: 'Initialized', status: 'True' }],
    initContainerStatuses: [sidecar, migrated],
    containerStatuses: [running],
  };
  expect(summarizePod({ spec, status: after } as Pod)).toMatchObject({
    status: 'Running',
    readyContainers: 2,
    totalContainers: 2,
    restarts: 2,
  });
});

test('a pod with a scheduling gate says so', () => {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }];
  const gated = pod({ status: { phase: 'Pending', conditions } });
  expect(summarizePod(gated).status).toBe('SchedulingGated');
});
