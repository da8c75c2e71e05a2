import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { Caller } from './caller.ts';
import { authErrors } from './errors.ts';
import type { TokenProvider } from './tokens.ts';

export interface JwtOptions {
  /** Such as `RS256`. */
  readonly signMethod: string;
  readonly ttlSeconds: number;
  /** Absent: tokens are recognized and not given out. */
  readonly signingKey: KeyObject | undefined;
  readonly verifyingKey: KeyObject;
}

const methods = new Map<string, 'rsa' | 'ec' | 'hmac' | 'ed25519'>([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => [name, 'rsa'] as const),
  ...['ES256', 'ES384', 'ES512'].map((name) => [name, 'ec'] as const),
  ...['HS256', 'HS384', 'HS512'].map((name) => [name, 'hmac'] as const),
  ['EdDSA', 'ed25519'],
]);

const bad = (text: string): QuorateError =>
  new QuorateError('bad-request', `invalid value for --auth-token: ${text}`);

/** What follows `jwt,` in `--auth-token`: the files are read once, here. */
export function jwtOptions(values: ReadonlyMap<string, string>, ttlSeconds: number): JwtOptions {
  const signMethod = values.get('sign-method') ?? '';
  const kind = methods.get(signMethod);
  if (!kind) throw bad(`sign-method must be one of ${[...methods.keys()].join(', ')}`);
  const privateFile = values.get('priv-key');
  const publicFile = values.get('pub-key');
  if (kind === 'hmac') {
    if (privateFile === undefined)
      throw bad(`${signMethod} needs priv-key, the file of its secret`);
    const secret = createSecretKey(read(privateFile));
    return { signMethod, ttlSeconds, signingKey: secret, verifyingKey: secret };
  }
  const signingKey = privateFile === undefined ? undefined : keyOf(privateFile, createPrivateKey);
  const givenPublic = publicFile === undefined ? undefined : keyOf(publicFile, createPublicKey);
  const derived = signingKey && createPublicKey(signingKey);
  const verifyingKey = derived ?? givenPublic;
  if (!verifyingKey) throw bad(`${signMethod} needs priv-key, or pub-key to recognize tokens only`);
  if (verifyingKey.asymmetricKeyType !== kind) {
    throw bad(
      `${signMethod} needs a key of type ${kind}, this is ${verifyingKey.asymmetricKeyType}`,
    );
  }
  if (givenPublic && derived && !givenPublic.equals(derived)) {
    throw bad("pub-key and priv-key don't match");
  }
  return { signMethod, ttlSeconds, signingKey, verifyingKey };
}

function keyOf(file: string, create: (pem: Buffer) => KeyObject): KeyObject {
  const pem = read(file);
  try {
    return create(pem);
  } catch (thrown) {
    throw bad(`${file} holds no such key: ${(thrown as Error).message}`);
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    throw bad(`cannot read ${file}: ${(thrown as Error).message}`);
  }
}

/**
 * Tokens that say by themselves whose they are, and since which revision of the auth table: signed
 * here, and good on every member that has the key. None is kept, and none can be taken back.
 */
export class JwtTokens implements TokenProvider {
  readonly #options: JwtOptions;
  readonly #clock: Clock;

  constructor(options: JwtOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  async issue(user: string, authRevision: number): Promise<string> {
    const { signingKey, signMethod, ttlSeconds } = this.#options;
    if (!signingKey) throw authErrors.verifyOnly();
    const { SignJWT } = await import('jose');
    return new SignJWT({ username: user, revision: authRevision })
      .setProtectedHeader({ alg: signMethod, typ: 'JWT' })
      .setExpirationTime(Math.floor(this.#clock.now() / 1000) + ttlSeconds)
      .sign(signingKey);
  }

  assign(): void {}

  invalidate(): void {}

  invalidateAll(): void {}

  async recognize(token: string): Promise<Caller | undefined> {
    const { jwtVerify } = await import('jose');
    const { verifyingKey, signMethod } = this.#options;
    try {
      const { payload } = await jwtVerify(token, verifyingKey, {
        algorithms: [signMethod],
        currentDate: new Date(this.#clock.now()),
      });
      const { username, revision } = payload;
      if (typeof username !== 'string' || typeof revision !== 'number') return undefined;
      return { user: username, authRevision: revision };
    } catch {
      return undefined;
    }
  }
}
