import { QuorateError } from '#shared/base';
import { decodeCommand, type Operation } from '../wire/command.ts';

/** What became of a command: a refusal is an outcome like another. */
export type CommandOutcome = { readonly value: unknown } | { readonly error: QuorateError };

export interface AppliedCommand {
  readonly member: number;
  readonly sequence: number;
  readonly type: Operation['type'];
  readonly outcome: CommandOutcome;
}

/**
 * Applies a command, unless it or a later one of its proposer was applied before; undefined then.
 * `always`: it is a change of the configuration, which is proposed once, and raft has taken it.
 */
export function applyOnce(
  data: Uint8Array,
  sequences: Map<number, number>,
  always: boolean,
  apply: (operation: Operation) => unknown,
): AppliedCommand | undefined {
  const { member, sequence, operation } = decodeCommand(data);
  if (sequence <= (sequences.get(member) ?? 0)) {
    if (!always) return undefined;
  } else {
    sequences.set(member, sequence);
  }
  const { type } = operation;
  try {
    return { member, sequence, type, outcome: { value: apply(operation) } };
  } catch (thrown) {
    // Anything but a refusal is a bug, and nobody's answer.
    if (!(thrown instanceof QuorateError)) throw thrown;
    return { member, sequence, type, outcome: { error: thrown } };
  }
}
