import type { KindInfo } from '#shared/api';
import { CommandError } from '../command-error.ts';
import { resolveKind, resolveKinds } from './kinds.ts';

/** What arguments like `pods a b`, `pod/a svc/b` or `pods,services` name. */
export interface Target {
  readonly kind: KindInfo;
  /** Absent: all of them, or those a selector chooses. */
  readonly name?: string;
}

/** kubectl's rules for TYPE, TYPE NAME..., TYPE/NAME... and TYPE,TYPE. */
export function parseTargets(
  kinds: readonly KindInfo[],
  args: readonly string[],
  verb: string,
): Target[] {
  const [first, ...names] = args;
  if (first === undefined) {
    throw new CommandError(`you must specify the type of resource to ${verb}`, {
      hint: `Use "quorate api-resources" for a list of the types, or "quorate ${verb} --help".`,
    });
  }
  if (args.some((arg) => arg.includes('/'))) return args.map((arg) => parsePair(kinds, arg));
  const types = resolveKinds(kinds, first);
  if (names.length === 0) return types.map((kind) => ({ kind }));
  return types.flatMap((kind) => [...new Set(names)].map((name) => ({ kind, name })));
}

function parsePair(kinds: readonly KindInfo[], arg: string): Target {
  const [type = '', name = '', ...more] = arg.split('/');
  if (!arg.includes('/')) {
    throw new CommandError(
      'there is no need to specify a resource type as a separate argument when passing arguments ' +
        `in resource/name form (e.g. 'quorate get resource/<resource_name>' instead of 'quorate ` +
        `get resource resource/<resource_name>')`,
    );
  }
  if (type === '' || name === '' || more.length > 0) {
    throw new CommandError('arguments in resource/name form must have a single resource and name');
  }
  return { kind: resolveKind(kinds, type), name };
}

/** The single object a verb works on; `what` says it for the message. */
export function parseTarget(
  kinds: readonly KindInfo[],
  args: readonly string[],
  verb: string,
): Required<Target> {
  const targets = parseTargets(kinds, args, verb);
  const [target] = targets;
  if (targets.length === 1 && target?.name !== undefined) {
    return { kind: target.kind, name: target.name };
  }
  throw new CommandError(`name one object to ${verb}: TYPE NAME or TYPE/NAME`);
}
