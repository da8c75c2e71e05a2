import { QuorateError } from '#shared/base';
import type { User } from './user.ts';

/** Everybody who has not said who they are, where that is allowed. */
export const anonymousName = 'system:anonymous';
export const unauthenticatedGroup = 'system:unauthenticated';

/** What a request shows to say who makes it. */
export interface Shown {
  /** Of a certificate that the cluster's authority signed. */
  readonly certificate: User | undefined;
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
}

/** The user a bearer token stands for; undefined where it is none of this kind, or not valid. */
export type TokenReader = (
  token: string,
  audiences?: readonly string[],
) => Promise<User | undefined>;

export interface AuthenticatorDeps {
  readonly tokens: readonly TokenReader[];
  /** Whether a request that shows nothing is let through as `system:anonymous`. */
  readonly anonymous: boolean;
}

/** Finds out who makes a request, whatever door it comes by. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /** A certificate counts before a token. Throws `unauthenticated`. */
  async authenticate({ certificate, authorization }: Shown): Promise<User> {
    if (certificate) return certificate;
    const token = bearerToken(authorization);
    const user = token === undefined ? this.#nobody() : await this.tokenUser(token);
    if (user) return user;
    throw new QuorateError('unauthenticated', 'Unauthorized');
  }

  /** The user of a token, for these audiences; absent: for this server. */
  async tokenUser(token: string, audiences?: readonly string[]): Promise<User | undefined> {
    for (const read of this.#deps.tokens) {
      const user = await read(token, audiences);
      if (user) return user;
    }
    return undefined;
  }

  /** Only who shows nothing is anonymous: a token that does not hold is not overlooked. */
  #nobody(): User | undefined {
    return this.#deps.anonymous
      ? { name: anonymousName, groups: [unauthenticatedGroup] }
      : undefined;
  }
}

function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const [scheme = '', token = '', ...rest] = authorization.trim().split(/\s+/);
  return scheme.toLowerCase() === 'bearer' && rest.length === 0 ? token : '';
}
