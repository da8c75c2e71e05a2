import { expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { ProbeState } from './probe-state.ts';
import { Prober } from './prober.ts';

const exec = (name: string) => ({ exec: { command: [name] } });

/** A container whose probes answer as `answers` says, by the probe's command. */
function probed(probes: object, known = { ready: false, started: false }) {
  const clock = new ManualClock();
  const answers: Record<string, boolean> = {};
  const asked: string[] = [];
  const execSync = (_id: string, [name = '']: readonly string[]) => {
    asked.push(name);
    return Promise.resolve({ exitCode: answers[name] ? 0 : 1, output: 'no', timedOut: false });
  };
  const target = {
    container: { name: 'main', ...probes },
    containerId: 'c',
    podIp: '127.0.0.1',
    clock,
    runtime: { execSync } as unknown as ContainerRuntime,
  };
  const failures: string[] = [];
  const prober = new Prober(target, clock.now(), known, {
    failed: (kind, output) => failures.push(`${kind}: ${output}`),
    changed: () => undefined,
  });
  return { prober, clock, answers, asked, failures };
}

test('a verdict takes as many equal results in a row as its threshold', () => {
  const state = new ProbeState({ success: 2, failure: 3 }, 'failure');
  const results = ['success', 'failure', 'success', 'success', 'failure', 'failure', 'failure'];
  const verdicts = results.map((result) => {
    state.add(result as 'success');
    return state.verdict;
  });
  expect(verdicts.map((verdict) => verdict?.[0]).join('')).toBe('fffsssf');
});

test('without probes a running container is started and ready', () => {
  expect(probed({}).prober).toMatchObject({ started: true, ready: true, failing: undefined });
});

test('readiness follows its probe', async () => {
  const readinessProbe = { ...exec('ready'), initialDelaySeconds: 5, periodSeconds: 2 };
  const { prober, clock, answers, asked, failures } = probed({ readinessProbe });
  await clock.advance(4_999);
  expect([prober.ready, asked.length]).toEqual([false, 0]);
  await clock.advance(1);
  expect([prober.ready, asked.length]).toEqual([false, 1]);
  expect(failures).toEqual(['readiness: no']);
  answers['ready'] = true;
  await clock.advance(2_000);
  expect(prober.ready).toBe(true);
  answers['ready'] = false;
  await clock.advance(4_000);
  expect(prober.ready).toBe(true);
  await clock.advance(2_000);
  expect(prober.ready).toBe(false);
});

test('liveness waits for the start, and three failures condemn', async () => {
  const probes = {
    startupProbe: { ...exec('start'), periodSeconds: 1 },
    livenessProbe: { ...exec('live'), periodSeconds: 1 },
  };
  const { prober, clock, answers, asked } = probed(probes);
  await clock.advance(1_500);
  expect(asked).toEqual(['start', 'start']);
  expect([prober.started, prober.ready, prober.failing]).toEqual([false, false, undefined]);
  answers['start'] = true;
  await clock.advance(1_000);
  expect(prober.started).toBe(true);
  expect(asked.at(-1)).toBe('live');
  await clock.advance(2_000);
  expect(prober.failing).toBe('liveness');
});

test('a start that never comes condemns too', async () => {
  const startupProbe = { ...exec('start'), periodSeconds: 1, failureThreshold: 2 };
  const { prober, clock } = probed({ startupProbe });
  await clock.advance(1_000);
  expect(prober.failing).toBe('startup');
});

test('what an earlier agent found ready stays ready until a probe says otherwise', async () => {
  const readinessProbe = { ...exec('ready'), failureThreshold: 1 };
  const { prober, clock } = probed({ readinessProbe }, { ready: true, started: true });
  expect(prober.ready).toBe(true);
  await clock.advance(0);
  expect(prober.ready).toBe(false);
});

test('a stopped prober asks nothing more', async () => {
  const { prober, clock, asked } = probed({ livenessProbe: exec('live') });
  prober.stop();
  await clock.advance(60_000);
  expect(asked).toEqual([]);
});
