import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { QuorateError } from '#shared/base';

/** The keys of service accounts' tokens, as PEM. */
export interface TokenKeys {
  /** Private: signs new tokens, which it verifies too. */
  readonly signing: string;
  /** Public or private: of tokens that were signed before. */
  readonly verifying?: readonly string[] | undefined;
  /** Who signs, in every token. */
  readonly issuer: string;
}

export interface TokenKey {
  /** What a token's header names it by: a hash of the public key, as in Kubernetes. */
  readonly id: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly publicKey: KeyObject;
}

export interface KeyRing {
  readonly issuer: string;
  readonly signing: TokenKey & { readonly privateKey: KeyObject };
  /** By id, the signing one among them. */
  readonly all: ReadonlyMap<string, TokenKey>;
}

/** Throws `bad-request` for a key that is neither ECDSA on P-256 nor RSA. */
export function readKeys({ signing, verifying = [], issuer }: TokenKeys): KeyRing {
  const current = { ...readKey(signing), privateKey: createPrivateKey(signing) };
  const keys = [current, ...verifying.map(readKey)];
  return { issuer, signing: current, all: new Map(keys.map((key) => [key.id, key])) };
}

function readKey(pem: string): TokenKey {
  const publicKey = createPublicKey(pem);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const id = createHash('sha256').update(der).digest('base64url');
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === 'rsa') return { id, algorithm: 'RS256', publicKey };
  if (type === 'ec' && details?.namedCurve === 'prime256v1') {
    return { id, algorithm: 'ES256', publicKey };
  }
  throw new QuorateError('bad-request', 'a key of service accounts must be ECDSA P-256 or RSA');
}
