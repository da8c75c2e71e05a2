import { systemClock } from '#shared/clock';
import type { Arguments } from './arguments.ts';
import { Campaign, type Failure, type PaceCost, type Progress } from './campaign.ts';
import type { VerdictKind } from './checks/report.ts';
import { readCase } from './corpus.ts';
import { type AnyPlan, drawLayers, layersOf, simulateLayers } from './layers.ts';
import { sizeOf } from './shrink.ts';

export interface Output {
  /** A line of the result. */
  readonly say: (line: string) => void;
  /** What replaces the line before it; nothing where nobody watches. */
  readonly progress: (line: string) => void;
}

const exitCodes: Readonly<Record<VerdictKind, number>> = { crash: 3, safety: 4, liveness: 5 };

/** The command. Returns its exit code. */
export async function run(args: Arguments, drawnSeed: number, output: Output): Promise<number> {
  if (args.plan !== undefined)
    return one(args, (await readCase(args.plan)).plan, args.plan, output);
  if (args.seed !== undefined && args.seeds === 1) {
    const [layers] = args.layers;
    const plan = drawLayers(layers ?? 'store', args.seed, { members: args.members });
    if (args.verbose) return one(args, plan, `seed ${args.seed}`, output);
  }
  const campaign = new Campaign({
    firstSeed: args.seed ?? drawnSeed,
    seeds: args.seeds,
    maxMs: args.minutes * 60_000,
    members: args.members,
    layers: args.layers,
    corpus: args.corpus,
    fresh: args.fresh,
    mutant: args.mutant,
    shrinkMs: args.shrinkSeconds * 1000,
    clock: systemClock,
    progress: (state) => output.progress(progressLine(state)),
  });
  const failure = await campaign.run();
  output.progress('');
  output.say(progressLine(campaign.state));
  for (const cost of campaign.paces) output.say(paceLine(cost));
  if (!failure) {
    output.say(
      args.seeds === 1 && args.seed !== undefined
        ? 'nothing was found'
        : `nothing was found; first seed ${args.seed ?? drawnSeed}`,
    );
    return 0;
  }
  sayFailure(failure, args, output);
  return exitCodes[failure.finding.kind];
}

async function one(args: Arguments, plan: AnyPlan, name: string, output: Output): Promise<number> {
  const result = await simulateLayers(plan, args.verbose ? { log: output.say } : {});
  const { finding, hash } = result;
  output.say(
    `${name}: hash ${hash}, ${seconds(result.simulatedMs)} simulated, ${result.answered} of ${result.requests} requests answered, ${result.terms} terms, revision ${result.revision}`,
  );
  if (!finding) {
    output.say('nothing was found');
    return 0;
  }
  output.say(`${finding.kind}: ${finding.checker}, at ${finding.atMs} ms: ${finding.text}`);
  return exitCodes[finding.kind];
}

function sayFailure(
  { name, finding, result, plan, file }: Failure,
  args: Arguments,
  { say }: Output,
): void {
  say(`${name} failed: ${finding.kind}, found by "${finding.checker}" at ${finding.atMs} ms`);
  say(`  ${finding.text}`);
  say(
    `  hash ${result.hash}, ${plan.faults.length} faults, ${sizeOf(plan) - plan.faults.length} requests:`,
  );
  for (const fault of plan.faults.slice(0, 20)) say(`    ${JSON.stringify(fault)}`);
  const mutant = args.mutant === undefined ? '' : ` --mutant ${args.mutant}`;
  say(`replay: quorate simulate --plan ${file ?? name}${mutant} --verbose`);
  say(`  or: quorate simulate --layers ${layersOf(plan)} --seed ${plan.seed}${mutant} --verbose`);
}

function progressLine({ runs, seed, simulatedMs, spentMs, requests, terms }: Progress): string {
  return `${runs} runs (seed ${seed}), ${seconds(simulatedMs)} simulated in ${seconds(spentMs)} (${speedText({ simulatedMs, spentMs })}), ${requests} requests, ${terms} terms`;
}

function paceLine(cost: PaceCost): string {
  const { pace, runs, simulatedMs } = cost;
  return `  ${pace.padEnd(14)} ${String(runs).padStart(6)} runs  ${seconds(simulatedMs).padStart(10)}  ${speedText(cost)}`;
}

function speedText({ simulatedMs, spentMs }: { simulatedMs: number; spentMs: number }): string {
  return `${Math.round(simulatedMs / Math.max(1, spentMs))} times real time`;
}

function seconds(ms: number): string {
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
