import type { Command } from 'commander';
import type { Context } from './context.ts';

/** A file of verbs/. `all` is what completion needs to know; the others ignore it. */
export interface VerbModule {
  command(context: Context, all: readonly VerbEntry[]): Command;
}

/** What help and dispatch know of a verb without loading it. */
export interface VerbEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: string;
  readonly hidden?: true;
  load(): Promise<VerbModule>;
}
