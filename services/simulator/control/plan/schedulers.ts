import type { ControlFault } from './plan.ts';

/** Of schedulers in processes of their own, and of controller managers, each. */
export const components = 2;

/** Their machines come after those of the nodes. */
export const schedulers = (nodes: number): number[] =>
  Array.from({ length: components }, (_, i) => nodes + i);

const fromMs = 2500;

export const flaky = (machine: number, forMs: number): ControlFault => ({
  atMs: fromMs,
  kind: 'flaky',
  machine,
  forMs,
});

export const late = (machine: number, forMs: number): ControlFault => ({
  atMs: fromMs,
  kind: 'late-answers',
  machine,
  forMs,
});
