import type { ConfigMap, KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change, ObjectHistory } from './objects.ts';

/** A ConfigMap as somebody applied it on the server's side. */
export interface Apply {
  readonly who: string;
  readonly manager: string;
  readonly force: boolean;
  readonly config: ConfigMap;
  readonly namespace: string;
  /** Revision of the store when it was asked for. */
  readonly since: number;
}

type Data = Readonly<Record<string, string>>;

/** Who manages what of a ConfigMap: an apply sets what it says, takes away what only it said before, and leaves the rest. */
export class FieldOwners implements Checker {
  readonly name = 'field owners';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  /** All that is there was written by somebody. */
  changed({ resource, key, revision, after }: Change): void {
    if (resource !== 'configmaps' || !after) return;
    const owned = new Set(ownersIn(after).flatMap(({ keys }) => keys));
    const there = Object.keys(dataOf(after));
    const wrong =
      there.find((each) => !owned.has(each)) ?? [...owned].find((each) => !there.includes(each));
    if (wrong === undefined) return;
    throw new BrokenPromise(
      `${key} at revision ${revision} has the data ${there.join()}, of which ${[...owned].join()} is managed`,
    );
  }

  granted(apply: Apply, answer: ConfigMap): void {
    const { who, manager, config, since, namespace } = apply;
    const name = config.metadata?.name ?? '';
    const said = dataOf(config);
    const what = `${who} applies ${JSON.stringify(said)} to ${name}`;
    const wrong = (text: string): never => {
      throw new BrokenPromise(`${what}, which becomes ${JSON.stringify(answer.data)}: ${text}`);
    };
    for (const [key, value] of Object.entries(said)) {
      if (answer.data?.[key] !== value) wrong(`${key} is not as it was said`);
    }
    const own = ownersIn(answer).find((each) => each.manager === manager)?.keys ?? [];
    if (own.toSorted().join() !== Object.keys(said).sort().join())
      wrong(`it manages ${own.join()}`);
    const revision = Number(answer.metadata?.resourceVersion);
    const change = this.#objects
      .changesAfter('configmaps', revision - 1)
      .find((each) => each.revision === revision && isNamed(each.after, namespace, name));
    if (revision > since && change?.before) this.#follows(apply, change.before, answer, wrong);
  }

  #follows(
    { manager, force, config }: Apply,
    before: ConfigMap,
    answer: ConfigMap,
    wrong: (text: string) => never,
  ): void {
    const said = dataOf(config);
    const owners = ownersIn(before);
    const others = owners.filter((each) => each.manager !== manager);
    const mine = owners.find((each) => each.manager === manager)?.keys ?? [];
    for (const [key, value] of Object.entries(dataOf(before))) {
      if (key in said) continue;
      const goes = mine.includes(key) && !others.some(({ keys }) => keys.includes(key));
      if (goes && answer.data?.[key] !== undefined) wrong(`nobody says ${key} any more`);
      if (!goes && answer.data?.[key] !== value) wrong(`${key} was ${value}`);
    }
    const strange = Object.keys(dataOf(answer)).find(
      (key) => !(key in said) && !(key in dataOf(before)),
    );
    if (strange !== undefined) wrong(`nobody said ${strange}`);
    if (!force && contested(said, manager, before)) wrong('it takes what others manage');
  }

  /** As it would take what others manage. */
  refused({ who, manager, force, config, namespace, since }: Apply): void {
    const name = config.metadata?.name ?? '';
    const isIt = (object: KubeObject | undefined): boolean => isNamed(object, namespace, name);
    const first = [...this.#objects.asOf('configmaps', since).values()].filter(isIt);
    const later = this.#objects
      .changesAfter('configmaps', since)
      .flatMap(({ after }) => (after && isIt(after) ? [after] : []));
    const said = dataOf(config);
    if (!force && [...first, ...later].some((each) => contested(said, manager, each))) return;
    throw new BrokenPromise(
      `${who} is refused to apply ${JSON.stringify(said)} to ${name}, of which others say nothing else`,
    );
  }
}

/** Another one manages something that would change. */
function contested(said: Data, manager: string, before: ConfigMap): boolean {
  const others = ownersIn(before).filter((each) => each.manager !== manager);
  return Object.entries(said).some(
    ([key, value]) => before.data?.[key] !== value && others.some(({ keys }) => keys.includes(key)),
  );
}

interface Owner {
  /** Of those who apply their name; all others are none of them. */
  readonly manager: string;
  readonly keys: readonly string[];
}

/** What entries of managedFields say of data. Where there are none, all of it is from before anybody applied. */
function ownersIn(map: ConfigMap): Owner[] {
  const entries = map.metadata?.managedFields ?? [];
  if (entries.length === 0) return [{ manager: 'before', keys: Object.keys(dataOf(map)) }];
  return entries.map(({ manager = '', operation, fieldsV1 }) => {
    const { 'f:data': data = {} } = unpacked(fieldsV1);
    const keys = Object.keys(data).filter((key) => key.startsWith('f:'));
    return {
      manager: operation === 'Apply' ? manager : `${manager}, who updates`,
      keys: keys.map((key) => key.slice(2)),
    };
  });
}

interface FieldSet {
  readonly 'f:data'?: object;
}

/** The store keeps it as a text. */
const unpacked = (fields: object | string = {}): FieldSet =>
  typeof fields === 'string' ? (JSON.parse(fields) as FieldSet) : fields;

const dataOf = (map: ConfigMap): Data => map.data ?? {};

const isNamed = (object: KubeObject | undefined, namespace: string, name: string): boolean =>
  object?.metadata?.name === name && object.metadata.namespace === namespace;
