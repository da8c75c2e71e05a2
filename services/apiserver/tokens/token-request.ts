import {
  badRequest,
  conflict,
  invalid,
  type KubeObject,
  type Pod,
  refs,
  tokenRequest,
} from '#shared/api';
import type { WriteOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import { timestamp } from '../registry/deletion.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import { readBody } from '../registry/subresources.ts';
import type { Creation, Creators } from '../requests/creators.ts';
import type { BoundTo, ServiceAccountTokens } from './service-account-tokens.ts';

const defaultSeconds = 3600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;

interface Spec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

export interface TokenRequestDeps {
  readonly tokens: ServiceAccountTokens;
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly clock: Clock;
  readonly uuid: () => string;
}

/** serviceaccounts/token: `kubectl create token`. */
export function tokenCreators(deps: TokenRequestDeps): Creators {
  return { '/serviceaccounts/token': (creation) => createToken(deps, creation) };
}

async function createToken(
  { tokens, registry, kinds, clock, uuid }: TokenRequestDeps,
  { resource, namespace, name, body, options }: Creation,
): Promise<KubeObject> {
  const spec = readSpec(name, body, options);
  const account = await registry.get(resource, name, namespace);
  const serviceaccount = { name, uid: account.metadata?.uid ?? '' };
  const find = (ref: (typeof refs)[keyof typeof refs], object: string): Promise<KubeObject> =>
    registry.get(kinds.builtin(ref), object, ref === refs.nodes ? undefined : namespace);
  const bound: BoundTo = {
    namespace,
    serviceaccount,
    ...(spec.boundObjectRef && (await boundObject(spec.boundObjectRef, find, name))),
  };
  const seconds = spec.expirationSeconds ?? defaultSeconds;
  const asked = spec.audiences ?? [];
  const audiences = asked.length > 0 ? asked : await tokens.defaultAudiences();
  const token = options.dryRun ? '' : await tokens.sign({ bound, audiences, seconds, id: uuid() });
  const expirationTimestamp = timestamp(clock.now() + seconds * 1000);
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(clock.now()) },
    spec: { ...spec, audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp },
  } as KubeObject;
}

function readSpec(name: string, body: unknown, options: WriteOptions): Spec {
  const { spec = {} } = readBody(tokenRequest, body, options) as { spec?: Spec };
  const { expirationSeconds: seconds } = spec;
  const wrong = (message: string): never => {
    const field = 'spec.expirationSeconds';
    throw invalid(tokenRequest, name, [{ field, reason: 'FieldValueInvalid', message }]);
  };
  if (seconds !== undefined && seconds < minSeconds) {
    wrong(`Invalid value: ${seconds}: may not specify a duration less than 10 minutes`);
  }
  if (seconds !== undefined && seconds > maxSeconds) {
    wrong('Too long: may not be more than 2^32 seconds');
  }
  return spec;
}

/** The pod, secret or node that a token ends with. */
async function boundObject(
  { kind, apiVersion = 'v1', name: object = '', uid }: NonNullable<Spec['boundObjectRef']>,
  find: (ref: (typeof refs)[keyof typeof refs], name: string) => Promise<KubeObject>,
  account: string,
): Promise<Partial<BoundTo>> {
  const ref = kind === 'Pod' ? refs.pods : kind === 'Secret' ? refs.secrets : refs.nodes;
  if (apiVersion !== 'v1' || (kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node')) {
    throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  }
  const there = await find(ref, object);
  const id = { name: object, uid: there.metadata?.uid ?? '' };
  if (uid && uid !== id.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(ref, object, why);
  }
  if (kind === 'Secret') return { secret: id };
  if (kind === 'Node') return { node: id };
  const { spec }: Pod = there;
  const own = spec?.serviceAccountName || 'default';
  if (own !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  if (!spec?.nodeName) return { pod: id };
  const node = await find(refs.nodes, spec.nodeName).catch(() => undefined);
  const at = { name: spec.nodeName, uid: node?.metadata?.uid ?? '' };
  return { pod: id, node: at };
}
