import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { countOf } from './arguments.ts';
import { measure, type Figure } from './measure.ts';
import { etcd, type Implementation, Members, quorate } from './members.ts';
import { comparison, medians } from './table.ts';

const help = `Our store beside a real etcd: three members each, by turns, on this machine.

  --runs N        runs of each, alternating; medians are printed (2)
  --seconds N     of each load (3)
  --warm-up N     seconds of puts before the loads (15): what they cost before is told by a row of its own
  --keys N        how many the store is filled with at last (100000); measured at 10000, 100000, 1000000 on the way
  --only REGEX    of start, memory, outage, keys, "watch × 1000", "watch × 10000", "put × 1", "put × 100",
                  "range × 1000", "serializable range × 1", "txn × 100", "range of 1 MB", "mixed",
                  "lease keep-alive";
                  all by default
  --etcd PATH     the etcd binary ("etcd" on the path)
  --skip-etcd     ours alone
`;

/** The programs that are needed, and Debian's packages of them. */
const programs = [
  { command: 'h2load', args: ['--version'], package: 'nghttp2-client' },
  { command: 'etcd', args: ['--version'], package: 'etcd-server' },
];

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '15' },
    keys: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
    etcd: { type: 'string', default: 'etcd' },
    'skip-etcd': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function missingPackages(): string[] {
  return programs
    .filter(({ command }) => !(command === 'etcd' && values['skip-etcd']))
    .filter(({ command, args }) => {
      try {
        execFileSync(command === 'etcd' ? values.etcd : command, args, { stdio: 'ignore' });
        return false;
      } catch {
        return true;
      }
    })
    .map((program) => program.package);
}

interface Counts {
  readonly runs: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly keys: number;
}

async function measureOnce(
  implementation: Implementation,
  run: number,
  { runs, seconds, warmUpSeconds, keys }: Counts,
): Promise<Figure[]> {
  process.stderr.write(`run ${run} of ${runs}: ${implementation.name}\n`);
  const members = new Members(implementation);
  const only = new RegExp(values.only);
  try {
    return await measure(members, {
      seconds,
      warmUpSeconds,
      keys,
      wanted: (what) => only.test(what),
    });
  } finally {
    await members.destroy();
  }
}

async function main(): Promise<void> {
  const counts: Counts = {
    runs: countOf('runs', values.runs),
    seconds: countOf('seconds', values.seconds),
    warmUpSeconds: countOf('warm-up', values['warm-up']),
    keys: countOf('keys', values.keys),
  };
  const { runs, seconds } = counts;
  const missing = missingPackages();
  if (missing.length > 0) {
    process.stderr.write(
      `make bench needs programs that are not here: apt-get install ${missing.join(' ')}\n`,
    );
    process.exitCode = 1;
    return;
  }
  const real: Implementation = { ...etcd, command: [values.etcd] };
  const ours: Figure[][] = [];
  const theirs: Figure[][] = [];
  const loadBefore = loadavg()[0] ?? 0;
  for (let run = 1; run <= runs; run++) {
    ours.push(await measureOnce(quorate, run, counts));
    if (!values['skip-etcd']) theirs.push(await measureOnce(real, run, counts));
  }
  process.stdout.write(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, load ${loadBefore.toFixed(1)} before, ` +
      `medians of ${runs} runs of ${seconds} s\n\n${comparison(medians(ours), medians(theirs))}`,
  );
}

if (values.help) process.stdout.write(help);
else await main();
