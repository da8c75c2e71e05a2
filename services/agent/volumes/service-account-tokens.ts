import { type KubeObject, type Pod, refs } from '#shared/api';
import type { ApiClient } from '#shared/client';
import type { Clock } from '#shared/clock';

interface Token {
  readonly text: string;
  /** When the next one is asked for, in milliseconds since the epoch. */
  readonly renewAt: number;
}

interface TokenAnswer extends KubeObject {
  readonly spec?: { readonly expirationSeconds?: number };
  readonly status?: { readonly token?: string };
}

const dayMs = 86_400_000;

/** Tokens for pods, each bound to its pod; renewed when four fifths of their time, or a day, have passed. */
export class ServiceAccountTokens {
  readonly #api: Pick<ApiClient, 'createSubresource'>;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Map<string, Token>>();

  constructor(api: Pick<ApiClient, 'createSubresource'>, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  async get({ metadata = {}, spec }: Pod, audience: string, seconds: number): Promise<Token> {
    const { uid = '', name = '', namespace = '' } = metadata;
    const ofPod = this.#tokens.get(uid) ?? new Map<string, Token>();
    this.#tokens.set(uid, ofPod);
    const key = `${seconds} ${audience}`;
    const known = ofPod.get(key);
    if (known && this.#clock.now() < known.renewAt) return known;
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience === '' ? [] : [audience],
        expirationSeconds: seconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    } as KubeObject;
    const account = spec?.serviceAccountName || 'default';
    const askedAt = this.#clock.now();
    const answer: TokenAnswer = await this.#api.createSubresource(
      refs.serviceAccounts,
      account,
      'token',
      body,
      { namespace },
    );
    // The server may give it less time than was asked for.
    const given = answer.spec?.expirationSeconds ?? seconds;
    const renewAt = askedAt + Math.min(dayMs, given * 1000 * 0.8);
    const token = { text: answer.status?.token ?? '', renewAt };
    ofPod.set(key, token);
    return token;
  }

  release(podUid: string): void {
    this.#tokens.delete(podUid);
  }
}
