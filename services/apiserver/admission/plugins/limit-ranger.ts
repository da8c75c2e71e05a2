import {
  chargesOf,
  compareQuantities,
  type Container,
  forbiddenTo,
  type KubeObject,
  type LimitRange,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  toAmounts,
  tryParseQuantity,
} from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import { type AdmissionPlugin, type AdmissionRequest, isKind, isNewPod } from '../plugin.ts';

type Item = NonNullable<LimitRange['spec']>['limits'][number];
type Amounts = Readonly<Record<string, string>>;

/** What a namespace's LimitRanges say of its pods, their containers, and claims: defaults, and bounds. */
export function limitRanger(watches: WatchCache, kinds: KindTable): AdmissionPlugin {
  const resource = kinds.builtin(refs.limitRanges);
  const itemsIn = (namespace: string): Item[] => {
    const all = [...watches.of(resource).values()] as LimitRange[];
    return all
      .filter(({ metadata }) => metadata?.namespace === namespace)
      .flatMap(({ spec }) => spec?.limits ?? []);
  };
  return {
    name: 'LimitRanger',
    handles: (request) => isNewPod(request) || isClaim(request),
    mutate(request, draft) {
      if (isClaim(request)) return;
      const items = itemsIn(request.namespace).filter(({ type }) => type === 'Container');
      for (const container of items.length > 0 ? containersOf(draft) : []) {
        for (const item of items) fillIn(container, item);
      }
    },
    validate(request, object) {
      if (!object) return;
      const problems = itemsIn(request.namespace).flatMap((item) => {
        if (isClaim(request))
          return item.type === 'PersistentVolumeClaim' ? ofClaim(object, item) : [];
        if (item.type === 'Pod') return ofPod(object, item);
        if (item.type !== 'Container') return [];
        return containersOf(object).flatMap(({ resources }) => breaches(resources ?? {}, item));
      });
      if (problems.length > 0) throw refusal(request, problems);
    },
  };
}

const isClaim = (request: AdmissionRequest): boolean =>
  request.operation !== 'delete' &&
  request.subresource === '' &&
  isKind(request, '', 'persistentvolumeclaims');

/** All of a pod's containers together, as a quota counts them. */
function ofPod(object: KubeObject, item: Item): string[] {
  const charges = chargesOf({ group: '', resource: 'pods' }, object);
  const sums = (which: 'requests' | 'limits'): Record<string, string> => {
    const named = [...charges.keys()].filter((name) => name.startsWith(`${which}.`));
    const amounts = Object.entries(toAmounts(named, charges));
    return Object.fromEntries(amounts.map(([name, text]) => [name.slice(which.length + 1), text]));
  };
  return breaches({ requests: sums('requests'), limits: sums('limits') }, item);
}

function ofClaim(object: KubeObject, { min, max }: Item): string[] {
  const asked = (object as PersistentVolumeClaim).spec?.resources?.requests?.['storage'] ?? '0';
  const [least, most] = [min?.['storage'], max?.['storage']];
  const what = (bound: string, amount: string): string =>
    `${bound} storage usage per PersistentVolumeClaim is ${amount}, but request is ${asked}`;
  return [
    ...(least !== undefined && exceeds(least, asked) ? [what('minimum', least)] : []),
    ...(most !== undefined && exceeds(asked, most) ? [what('maximum', most)] : []),
  ];
}

const containersOf = (object: KubeObject): Container[] => {
  const { spec } = object as Pod;
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
};

function fillIn(container: Container, item: Item): void {
  const limits = { ...item.default, ...container.resources?.limits };
  const requests = {
    ...item.defaultRequest,
    // Kubernetes takes a request that is missing from a limit that is there.
    ...container.resources?.limits,
    ...container.resources?.requests,
  };
  container.resources = { ...container.resources, limits, requests };
}

/** Of one container, or of the sums of a pod. */
function breaches(
  { limits = {}, requests = {} }: { readonly limits?: Amounts; readonly requests?: Amounts },
  item: Item,
): string[] {
  const problems: string[] = [];
  for (const [name, least] of Object.entries(item.min ?? {})) {
    const asked = requests[name] ?? limits[name];
    const what = `minimum ${name} usage per ${item.type} is ${least}`;
    if (asked === undefined) problems.push(`${what}.  No request is specified`);
    else if (exceeds(least, asked)) problems.push(`${what}, but request is ${asked}`);
  }
  for (const [name, most] of Object.entries(item.max ?? {})) {
    const given = limits[name];
    const what = `maximum ${name} usage per ${item.type} is ${most}`;
    if (given === undefined) problems.push(`${what}.  No limit is specified`);
    else if (exceeds(given, most)) problems.push(`${what}, but limit is ${given}`);
  }
  return [...problems, ...ratios(item, limits, requests)];
}

function ratios(
  { type, maxLimitRequestRatio: most = {} }: Item,
  limits: Amounts,
  requests: Amounts,
): string[] {
  return Object.entries(most).flatMap(([name, ratio]) => {
    const [limit, request, allowed] = [limits[name], requests[name], ratio].map(units) as [
      number,
      number,
      number,
    ];
    if (request === 0 || limit / request <= allowed) return [];
    const real = (limit / request).toFixed(6);
    return [
      `${name} max limit to request ratio per ${type} is ${ratio}, but provided ratio is ${real}`,
    ];
  });
}

const units = (text = ''): number => Number(tryParseQuantity(text)?.nano ?? 0n) / 1e9;

function exceeds(a: string, b: string): boolean {
  const [first, second] = [tryParseQuantity(a), tryParseQuantity(b)];
  return first !== undefined && second !== undefined && compareQuantities(first, second) > 0;
}

const refusal = ({ resource, name }: AdmissionRequest, problems: readonly string[]) =>
  forbiddenTo(
    resource,
    name,
    problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`,
  );
