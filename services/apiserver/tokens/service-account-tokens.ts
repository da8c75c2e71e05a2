import { QuorateError } from '#shared/base';
import { type KubeObject, refs, type ResourceRef } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { TokenReader } from '../auth/authenticator.ts';
import { serviceAccountGroups, serviceAccountName } from '../auth/service-accounts.ts';
import { authenticatedGroup, type User } from '../auth/user.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import type { KeyRing } from './keys.ts';

interface ObjectId {
  readonly name: string;
  readonly uid: string;
}

/** The claim `kubernetes.io` of a token. */
export interface BoundTo {
  readonly namespace: string;
  readonly serviceaccount: ObjectId;
  readonly pod?: ObjectId | undefined;
  readonly secret?: ObjectId | undefined;
  readonly node?: ObjectId | undefined;
}

export interface TokenRequest {
  readonly bound: BoundTo;
  readonly audiences: readonly string[];
  readonly seconds: number;
  /** A new RFC 4122 UUID. */
  readonly id: string;
}

export interface TokensDeps {
  /** Undefined while they are being made. */
  readonly keys: () => Promise<KeyRing>;
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly clock: Clock;
}

const extraPrefix = 'authentication.kubernetes.io/';

/** Signs and reads the tokens of service accounts: JWTs that hold as long as what they are bound to. */
export class ServiceAccountTokens {
  readonly #deps: TokensDeps;

  constructor(deps: TokensDeps) {
    this.#deps = deps;
  }

  async sign({ bound, audiences, seconds, id }: TokenRequest): Promise<string> {
    const { SignJWT } = await import('jose');
    const { signing, issuer } = await this.#deps.keys();
    const now = Math.floor(this.#deps.clock.now() / 1000);
    const { namespace, serviceaccount } = bound;
    return new SignJWT({ 'kubernetes.io': bound })
      .setProtectedHeader({ alg: signing.algorithm, kid: signing.id })
      .setIssuer(issuer)
      .setSubject(serviceAccountName(namespace, serviceaccount.name))
      .setAudience([...audiences])
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + seconds)
      .setJti(id)
      .sign(signing.privateKey);
  }

  /** What tokens are for where nothing else is asked. */
  async defaultAudiences(): Promise<readonly string[]> {
    return [(await this.#deps.keys()).issuer];
  }

  /** The user of a token of ours that holds now; undefined for any other. */
  readonly read: TokenReader = async (token, audiences) => {
    // Three parts, or it is none: a made-up token costs no key.
    if (token.split('.').length !== 3) return undefined;
    const claims = await this.#verify(token, audiences ?? (await this.defaultAudiences()));
    if (!claims) return undefined;
    const { bound, id } = claims;
    if (!(await this.#stillThere(bound))) return undefined;
    return userOf(bound, id);
  };

  async #verify(
    token: string,
    audiences: readonly string[],
  ): Promise<{ bound: BoundTo; id: string } | undefined> {
    const { jwtVerify } = await import('jose');
    const { all, issuer } = await this.#deps.keys();
    try {
      const { payload } = await jwtVerify(
        token,
        ({ kid, alg }) => {
          const key = all.get(kid ?? '');
          if (!key || key.algorithm !== alg) throw new Error('unknown key');
          return key.publicKey;
        },
        {
          algorithms: ['ES256', 'RS256'],
          issuer,
          audience: [...audiences],
          currentDate: new Date(this.#deps.clock.now()),
          requiredClaims: ['exp', 'sub'],
        },
      );
      const bound = payload['kubernetes.io'] as BoundTo | undefined;
      if (!bound?.serviceaccount?.name || !bound.namespace) return undefined;
      const subject = serviceAccountName(bound.namespace, bound.serviceaccount.name);
      return payload.sub === subject ? { bound, id: payload.jti ?? '' } : undefined;
    } catch {
      return undefined;
    }
  }

  /** The account, and what the token is bound to, are those it was made for. */
  async #stillThere(bound: BoundTo): Promise<boolean> {
    const { namespace, serviceaccount, pod, secret, node } = bound;
    const checks: [ResourceRef, ObjectId | undefined, string][] = [
      [refs.serviceAccounts, serviceaccount, namespace],
      [refs.pods, pod, namespace],
      [refs.secrets, secret, namespace],
      // Beside a pod it only says where that runs.
      [refs.nodes, pod ? undefined : node, ''],
    ];
    for (const [ref, id, place] of checks) {
      if (id && (await this.#find(ref, id.name, place))?.metadata?.uid !== id.uid) return false;
    }
    return true;
  }

  async #find(ref: ResourceRef, name: string, namespace: string): Promise<KubeObject | undefined> {
    try {
      return await this.#deps.registry.get(this.#deps.kinds.builtin(ref), name, namespace);
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found', 'bad-request')) return undefined;
      throw thrown;
    }
  }
}

function userOf({ namespace, serviceaccount, pod, node }: BoundTo, id: string): User {
  const extra: Record<string, readonly string[]> = {
    ...(id !== '' && { [`${extraPrefix}credential-id`]: [`JTI=${id}`] }),
    ...(node && { [`${extraPrefix}node-name`]: [node.name] }),
    ...(node && { [`${extraPrefix}node-uid`]: [node.uid] }),
    ...(pod && { [`${extraPrefix}pod-name`]: [pod.name] }),
    ...(pod && { [`${extraPrefix}pod-uid`]: [pod.uid] }),
  };
  return {
    name: serviceAccountName(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), authenticatedGroup],
    extra,
  };
}
