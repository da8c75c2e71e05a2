export { drawControlPlan } from './control/plan/draw.ts';
export { type AnyPlan, drawLayers, type Layers, simulateLayers } from './layers.ts';
export { drawPlan } from './plan/draw.ts';
export type { Plan } from './plan/plan.ts';
export { readCorpus } from './corpus.ts';
export { mutants } from './mutants/mutants.ts';
export { shrink, sizeOf } from './shrink.ts';
export { simulate, type SimulationResult } from './simulation.ts';
