import { BrokenPromise, type Call, type Operation } from '#shared/checks';
import type { Past } from './past.ts';
import type { StateLog } from './state-log.ts';

interface Lived {
  readonly fromMs: number;
  toMs: number;
}

/** Who is refused for a reason is refused rightly: that reason was there while they waited. */
export class RefusalCheck {
  readonly #past: Past;
  /** When which revision was compacted, in order. */
  readonly #compactions: { readonly revision: number; readonly atMs: number }[] = [];
  readonly #leases = new Map<string, Lived>();

  /** Throws where a compaction was taken that had been before, or is of the future. */
  constructor(log: StateLog, past: Past) {
    this.#past = past;
    for (const { operation, error, atMs, revision } of log.entries) {
      if (!operation || error !== undefined) continue;
      if (operation.type === 'compact') this.#compacted(operation.revision, revision, atMs);
      if (operation.type === 'lease-grant')
        this.#leases.set(String(operation.id), { fromMs: atMs, toMs: Infinity });
      const ended =
        operation.type === 'lease-revoke' ? this.#leases.get(String(operation.id)) : undefined;
      if (ended) ended.toMs = atMs;
    }
  }

  #compacted(to: number, revision: number, atMs: number): void {
    const before = this.#compactions.at(-1)?.revision ?? 0;
    if (to <= before || to > revision) {
      throw new BrokenPromise(
        `revision ${to} is compacted at revision ${revision}, after ${before} had been`,
      );
    }
    this.#compactions.push({ revision: to, atMs });
  }

  run(operations: readonly Operation[]): void {
    for (const operation of operations) {
      const { outcome, error = '', client, endpoint, call, invokedMs } = operation;
      if (outcome !== 'failed' || this.#isRight(operation, error)) continue;
      throw new BrokenPromise(
        `client ${client} at ${endpoint}, ${Math.round(invokedMs)} ms: ${JSON.stringify(call)} was refused: ${error}`,
      );
    }
  }

  #isRight({ call, invokedMs, returnedMs = Infinity }: Operation, error: string): boolean {
    const revision = revisionOf(call);
    if (error.includes('required revision has been compacted') && revision !== undefined) {
      const done = this.#compactions.findLast(({ atMs }) => atMs <= returnedMs)?.revision ?? 0;
      return call.type === 'compact' ? done >= revision : done > revision;
    }
    if (error.includes('is a future revision') && revision !== undefined) {
      const current = call.type !== 'range' || !call.serializable;
      return !current || revision > this.#past.revisionAt(invokedMs);
    }
    if (error.includes('requested lease not found')) {
      const lived = this.#leases.get(leaseOf(call) ?? '');
      return !lived || lived.fromMs > invokedMs || lived.toMs <= returnedMs;
    }
    return true;
  }
}

function revisionOf(call: Call): number | undefined {
  return call.type === 'range' || call.type === 'compact' ? call.revision : undefined;
}

function leaseOf(call: Call): string | undefined {
  return call.type === 'put' || call.type === 'lease-revoke' ? call.lease : undefined;
}
