import { drawPlan } from './plan/draw.ts';
import { Simulation } from './simulation.ts';
const [from = 1, to = from] = process.argv.slice(2).map(Number);
const verbose = process.argv[4] === '-v';
setImmediate(() => {
  for (let seed = from; seed <= to; seed++) {
    const t = performance.now();
    const r = new Simulation(drawPlan(seed), verbose ? { log: (l) => console.log(l) } : {}).run();
    const ms = performance.now() - t;
    console.log(seed, r.hash, `${(r.simulatedMs / 1000).toFixed(1)}s x${(r.simulatedMs / ms).toFixed(0)} steps=${r.steps} ops=${r.answered}/${r.requests} terms=${r.terms} rev=${r.revision}`, r.finding ? JSON.stringify(r.finding) : '');
  }
});
