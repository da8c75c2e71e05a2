import type { Json } from '#shared/api';

/** Where `apply` remembers the manifest it last applied; kubectl's name, so that both see it. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

type JsonObject = { readonly [key: string]: Json };

/**
 * What `apply` wants an object to be: the live object, with everything the manifest says, without
 * what the last applied manifest said and this one does not. Fields that others set (defaults, a
 * controller, another tool) stay. Lists whose elements have an identity in Kubernetes
 * (containers by name, ports by number) are merged by it; all others are replaced.
 */
export function threeWayMerge(lastApplied: Json | undefined, manifest: Json, live: Json): Json {
  if (isObject(manifest) && isObject(live)) {
    return mergeObjects(isObject(lastApplied) ? lastApplied : {}, manifest, live);
  }
  return manifest;
}

function mergeObjects(last: JsonObject, manifest: JsonObject, live: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...live };
  for (const key of Object.keys(last)) if (!(key in manifest)) delete merged[key];
  for (const [key, wanted] of Object.entries(manifest)) {
    const current = live[key];
    if (wanted === null) delete merged[key];
    else if (current === undefined) merged[key] = wanted;
    else merged[key] = mergeField(key, last[key], wanted, current);
  }
  return merged;
}

function mergeField(field: string, last: Json | undefined, wanted: Json, current: Json): Json {
  if (Array.isArray(wanted) && Array.isArray(current)) {
    return mergeLists(field, Array.isArray(last) ? (last as Json[]) : [], wanted, current);
  }
  return threeWayMerge(last, wanted, current);
}

/** patchMergeKey of Kubernetes' types: by which field the elements of a list are the same thing. */
const mergeKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  volumeMounts: ['mountPath'],
  ports: ['containerPort', 'port'],
  hostAliases: ['ip'],
  conditions: ['type'],
  ownerReferences: ['uid'],
  topologySpreadConstraints: ['topologyKey'],
};

function mergeLists(
  field: string,
  last: readonly Json[],
  wanted: readonly Json[],
  current: readonly Json[],
): Json {
  const key = mergeKeys[field]?.find((name) => haveKey([...last, ...wanted, ...current], name));
  // A list without identities is the manifest's; where it says the same, the defaults in it stay.
  if (key === undefined) {
    const same =
      wanted.length === current.length && wanted.every((item, i) => says(item, current[i]));
    return same ? current : wanted;
  }
  const idOf = (item: Json): Json | undefined => (item as JsonObject)[key];
  const find = (list: readonly Json[], id: Json | undefined): Json | undefined =>
    list.find((item) => idOf(item) === id);
  const mine = wanted.map((item) => {
    const live = find(current, idOf(item));
    return live === undefined ? item : threeWayMerge(find(last, idOf(item)), item, live);
  });
  const others = current.filter(
    (item) => find(wanted, idOf(item)) === undefined && find(last, idOf(item)) === undefined,
  );
  return [...mine, ...others];
}

const haveKey = (items: readonly Json[], key: string): boolean =>
  items.every((item) => isObject(item) && item[key] !== undefined);

/** True where everything `wanted` says is so in `current`, which may say more. */
function says(wanted: Json, current: Json | undefined): boolean {
  if (current === undefined) return false;
  if (isObject(wanted) && isObject(current)) {
    return Object.entries(wanted).every(([key, value]) => says(value, current[key]));
  }
  if (Array.isArray(wanted) && Array.isArray(current)) {
    return wanted.length === current.length && wanted.every((item, i) => says(item, current[i]));
  }
  return wanted === current;
}

/** The RFC 7386 merge patch that turns one value into another; undefined where they are equal. */
export function mergePatchBetween(from: Json, to: Json): Json | undefined {
  if (!isObject(from) || !isObject(to)) return equalJson(from, to) ? undefined : to;
  const patch: Record<string, Json> = {};
  for (const key of Object.keys(from)) if (!(key in to)) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    const change = before === undefined ? value : mergePatchBetween(before, value);
    if (change !== undefined) patch[key] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => equalJson(item as Json, b[i] as Json));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => key in b && equalJson(a[key], b[key]))
  );
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
