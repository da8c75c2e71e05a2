import { type PersistentVolumeClaim, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import type { Creators } from '../requests/creators.ts';
import { type KeyRing, readKeys, type TokenKeys } from '../tokens/keys.ts';
import { ServiceAccountTokens } from '../tokens/service-account-tokens.ts';
import { staticTokens } from '../tokens/static-tokens.ts';
import { tokenCreators } from '../tokens/token-request.ts';
import type { WatchCache } from '../watch/watch-cache.ts';
import { Authenticator, type TokenReader } from './authenticator.ts';
import { type Authorizer, firstOpinion, mastersAuthorizer } from './authorizer.ts';
import { NodeAuthorizer } from './node/authorizer.ts';
import { PodsByNode } from './node/pods-by-node.ts';
import { RbacAuthorizer } from './rbac/authorizer.ts';
import { LivePolicy } from './rbac/live-policy.ts';
import { reviewCreators } from './reviews.ts';

export interface SecurityOptions {
  /** Whether requests that show nothing are let in as `system:anonymous`; absent: no. */
  readonly anonymous?: boolean | undefined;
  /** What signs the tokens of service accounts; absent: there are none. May still be in the making. */
  readonly tokenKeys?: Promise<TokenKeys> | undefined;
  /** The text of a file of static tokens. */
  readonly tokenFile?: string | undefined;
}

export interface SecurityDeps {
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly watches: WatchCache;
  readonly clock: Clock;
  readonly uuid: () => string;
}

export interface Security {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly policy: LivePolicy;
  /** Rejects where this server signs no tokens. */
  readonly tokenKeys: () => Promise<KeyRing>;
  readonly creators: Creators;
}

/** Who is who and who may what: put together once for a server. */
export function createSecurity(options: SecurityOptions, deps: SecurityDeps): Security {
  const { watches, kinds, clock } = deps;
  const policy = new LivePolicy(watches, kinds, clock);
  const rbac = new RbacAuthorizer(policy.current);
  const claims = kinds.builtin(refs.persistentVolumeClaims);
  const volumeOf = (namespace: string, name: string): string | undefined => {
    const claim: PersistentVolumeClaim | undefined = watches.peek(claims, namespace, name)?.object;
    return claim?.spec?.volumeName;
  };
  const node = new NodeAuthorizer(new PodsByNode(watches, kinds), volumeOf);
  const authorizer = firstOpinion([mastersAuthorizer, node, rbac]);
  const keys = options.tokenKeys?.then(readKeys);
  // Whoever asks for them hears of it.
  keys?.catch(() => undefined);
  const tokenKeys = async (): Promise<KeyRing> => {
    if (keys) return keys;
    throw new QuorateError('not-found', 'this API server signs no tokens of service accounts');
  };
  const tokens = new ServiceAccountTokens({ ...deps, keys: tokenKeys });
  const readers: TokenReader[] = [
    ...(options.tokenFile === undefined ? [] : [staticTokens(options.tokenFile)]),
    ...(keys ? [tokens.read] : []),
  ];
  const authenticator = new Authenticator({
    tokens: readers,
    anonymous: options.anonymous ?? false,
  });
  const creators: Creators = {
    ...reviewCreators({ authorizer, rbac, authenticator }),
    ...tokenCreators({ ...deps, tokens }),
  };
  return { authenticator, authorizer, rbac, policy, tokenKeys, creators };
}
