import { badRequest, expired } from '#shared/api';

/** Where the next page starts: the first page's revision, and a key below the list's prefix. */
export interface ContinueToken {
  readonly revision: number;
  readonly start: string;
}

/** The same fields as Kubernetes' token; opaque to clients. */
interface Encoded {
  readonly v: 'meta.k8s.io/v1';
  readonly rv: number;
  readonly start: string;
}

export function encodeContinue({ revision, start }: ContinueToken): string {
  const token: Encoded = { v: 'meta.k8s.io/v1', rv: revision, start };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** Throws `bad-request`. */
export function decodeContinue(text: string): ContinueToken {
  const token = parse(text);
  // A start that climbs out of the prefix would read other collections.
  const good =
    token?.v === 'meta.k8s.io/v1' &&
    Number.isSafeInteger(token.rv) &&
    (token.rv ?? 0) > 0 &&
    typeof token.start === 'string' &&
    token.start !== '';
  if (!good) throw badRequest('continue key is not valid: the token was not made by this server');
  return { revision: token.rv as number, start: token.start };
}

function parse(text: string): Partial<Encoded> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export const expiredContinue = (): Error =>
  expired(
    'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
  );
