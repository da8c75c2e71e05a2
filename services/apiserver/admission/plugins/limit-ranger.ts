import {
  compareQuantities,
  type Container,
  forbiddenTo,
  type KubeObject,
  type LimitRange,
  type Pod,
  refs,
  tryParseQuantity,
} from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import { type AdmissionPlugin, type AdmissionRequest, isNewPod } from '../plugin.ts';

type Item = NonNullable<LimitRange['spec']>['limits'][number];
type Amounts = Readonly<Record<string, string>>;

/** What a namespace's LimitRanges say of its pods' containers: defaults, and bounds. */
export function limitRanger(watches: WatchCache, kinds: KindTable): AdmissionPlugin {
  const resource = kinds.builtin(refs.limitRanges);
  const itemsIn = (namespace: string): Item[] => {
    const all = [...watches.of(resource).values()] as LimitRange[];
    return all
      .filter(({ metadata }) => metadata?.namespace === namespace)
      .flatMap(({ spec }) => spec?.limits ?? [])
      .filter(({ type }) => type === 'Container');
  };
  return {
    name: 'LimitRanger',
    handles: isNewPod,
    mutate({ namespace }, draft) {
      const items = itemsIn(namespace);
      for (const container of items.length > 0 ? containersOf(draft) : []) {
        for (const item of items) fillIn(container, item);
      }
    },
    validate(request, object) {
      const items = itemsIn(request.namespace);
      const problems = (items.length > 0 && object ? containersOf(object) : []).flatMap(
        (container) => items.flatMap((item) => breaches(container, item)),
      );
      if (problems.length > 0) throw refusal(request, problems);
    },
  };
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

function breaches({ resources }: Container, item: Item): string[] {
  const { limits = {}, requests = {} } = resources ?? {};
  const problems: string[] = [];
  for (const [name, least] of Object.entries(item.min ?? {})) {
    const asked = requests[name] ?? limits[name];
    const what = `minimum ${name} usage per Container is ${least}`;
    if (asked === undefined) problems.push(`${what}.  No request is specified`);
    else if (exceeds(least, asked)) problems.push(`${what}, but request is ${asked}`);
  }
  for (const [name, most] of Object.entries(item.max ?? {})) {
    const given = limits[name];
    const what = `maximum ${name} usage per Container is ${most}`;
    if (given === undefined) problems.push(`${what}.  No limit is specified`);
    else if (exceeds(given, most)) problems.push(`${what}, but limit is ${given}`);
  }
  return [...problems, ...ratios(item.maxLimitRequestRatio ?? {}, limits, requests)];
}

function ratios(most: Amounts, limits: Amounts, requests: Amounts): string[] {
  return Object.entries(most).flatMap(([name, ratio]) => {
    const limit = Number(tryParseQuantity(limits[name] ?? '') ?? 0);
    const request = Number(tryParseQuantity(requests[name] ?? '') ?? 0);
    const allowed = Number(tryParseQuantity(ratio) ?? 0);
    if (request === 0 || limit / request <= allowed) return [];
    const real = (limit / request).toFixed(6);
    return [
      `${name} max limit to request ratio per Container is ${ratio}, but provided ratio is ${real}`,
    ];
  });
}

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
