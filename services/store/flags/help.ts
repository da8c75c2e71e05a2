import type { FlagSpec } from './spec.ts';
import { sections } from './table.ts';

export const usage = `Usage:

  quorate store [flags]
    Start a member of the store, with etcd's flags.

  quorate store restore FILE [--skip-hash-check] [flags]
    Make the data directory of a member of a new cluster from a snapshot, ours or etcd's.

  quorate store --version
    Show the version.

  quorate store -h | --help
    Show every flag.

  quorate store --config-file PATH
    Read the flags from a YAML or JSON file. Other flags and environment variables are ignored.
`;

/** Every flag, in etcd's order and form. */
export function helpText(): string {
  const parts = Object.entries(sections).map(([title, flags]) => {
    const lines = Object.entries<FlagSpec>(flags).map(([name, spec]) => describe(name, spec));
    return `${title}:\n${lines.join('')}`;
  });
  return `${usage}\n${parts.join('\n')}`;
}

function describe(name: string, { default: usual, help, standing }: FlagSpec): string {
  const text = standing.is === 'in force' ? help : `(${standing.is}: ${standing.why})`;
  return `  --${name} '${usual}'\n    ${text}\n`;
}
