import { expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { deployment } from '../users/manifests.ts';
import { asBudgets } from './budgets.ts';
import { asCrowded } from './crowded.ts';
import { asDepartures } from './departures.ts';
import { drawControlPlan } from './draw.ts';
import { asImpatience, withImpatience } from './impatience.ts';
import { asJobs } from './jobs.ts';
import { asMinutes } from './minutes.ts';
import { asNamesakes } from './namesakes.ts';
import { asNaps } from './naps.ts';
import { asOrphans } from './orphans.ts';
import { asPartitions } from './partitions.ts';
import { asPaperwork } from './paperwork.ts';
import { asSorts } from './sorts.ts';
import { asSpread } from './spread.ts';
import { asTaints } from './taints.ts';
import { asUnheard } from './unheard.ts';
import { allPicks } from './wanted.ts';

const seeds = Array.from({ length: 8 }, (_, i) => inject('seed') + i);

test('every seed has a plan, always the same, and so has each with every schedule', () => {
  for (const seed of seeds) {
    const plan = drawControlPlan(seed);
    expect(JSON.stringify(drawControlPlan(seed))).toBe(JSON.stringify(plan));
    const schedules = [
      asBudgets,
      asCrowded,
      asDepartures,
      asImpatience,
      asJobs,
      asMinutes,
      asNamesakes,
      asNaps,
      asOrphans,
      asPartitions,
      asPaperwork,
      asSorts,
      asSpread,
      asTaints,
      asUnheard,
    ];
    const narrowed = schedules.map((as) => as(plan, createRng(seed)));
    for (const { clients } of [plan, ...narrowed]) {
      expect(clients.flat().filter((step) => step.pick < 0 || step.pick >= allPicks)).toEqual([]);
    }
  }
});

test('a crowded cluster has ordinary pods, and then more important ones', () => {
  for (const seed of seeds) {
    const { clients } = asCrowded(drawControlPlan(seed), createRng(seed));
    const classes = clients.map(
      ([first]) => deployment('app', first?.pick ?? 0).spec?.template?.spec?.priorityClassName,
    );
    expect(classes[0]).toBe(undefined);
    expect(classes.find((each) => each !== undefined && each !== 'polite')).toMatch(/^system-/);
  }
});

test('paperwork makes no pods', () => {
  const makes = /deploy|set|job|namespace|recreate/;
  for (const seed of seeds) {
    const { clients } = asPaperwork(drawControlPlan(seed), createRng(seed));
    expect(clients.flat().filter(({ kind }) => makes.test(kind))).toEqual([]);
  }
});

test('users delete pods as an agent dies, and by force after that', () => {
  const death = { atMs: 5000, kind: 'agent-kill', node: 0, forMs: 3000 } as const;
  const takings = seeds.flatMap((seed) => {
    const plan = { ...drawControlPlan(seed), faults: [death], clients: [] };
    return withImpatience(plan, createRng(seed)).clients;
  });
  expect(takings.length).toBeGreaterThan(0);
  for (const steps of takings) {
    let atMs = 0;
    for (const { afterMs, kind } of steps) {
      atMs += afterMs;
      expect(kind).toBe(atMs < death.atMs ? 'delete-pod' : 'force-delete');
    }
  }
});
