import { type KubeObject, objectKey, refs, type ResourceRef } from '#shared/api';
import {
  type ApiClient,
  createInformer,
  type Informer,
  type InformerHandlers,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { SimProcess } from '../../world/process.ts';
import { type ObjectHistory, resourceName } from '../checks/objects.ts';
import { type Selects, selects } from '../checks/selection.ts';

/** Users change this label. */
const byApp = 'app';
const appOf = ({ metadata }: KubeObject): string => metadata?.labels?.['app'] ?? '';

interface Watched {
  readonly ref: ResourceRef;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

const watched: readonly Watched[] = [
  { ref: refs.pods },
  { ref: refs.configMaps },
  { ref: refs.secrets },
  { ref: refs.services },
  { ref: refs.replicaSets },
  // What is selected comes and goes as it changes.
  { ref: refs.pods, labelSelector: 'app in (web,nobody)' },
  { ref: refs.pods, fieldSelector: 'status.phase=Running' },
];

interface Followed {
  readonly resource: string;
  readonly selects: Selects;
  readonly informer: Informer<KubeObject>;
  /** Of the informer's own index. */
  readonly values: Set<string>;
  /** What its handlers were told, by key. */
  readonly told: Map<string, KubeObject>;
}

/** Somebody who only watches, with the production informers: what they show can be compared with the truth. */
export class Onlooker {
  readonly machine: string;
  readonly process: SimProcess;
  readonly #followed: readonly Followed[];

  /** `judges`: other handlers of the informer of that name. */
  constructor(
    at: { readonly machine: string; readonly process: SimProcess },
    api: ApiClient,
    clock: Clock,
    log: Logger,
    judges: (informer: string) => InformerHandlers<KubeObject>,
  ) {
    this.machine = at.machine;
    this.process = at.process;
    this.#followed = watched.map((each) => follow(api, each, clock, log, judges));
  }

  start(): void {
    for (const { informer } of this.#followed) informer.start();
  }

  /** How what is shown differs from what is; empty: not at all. */
  wrong(objects: ObjectHistory): string {
    for (const { resource, selects: selected, informer, told, values } of this.#followed) {
      const truth = versions(objects.all(resource).filter(selected));
      const shown = versions(informer.store.list());
      const handled = versions([...told.values()]);
      const differs = difference(truth, shown);
      if (differs !== '') return `an informer of ${resource} shows ${differs}`;
      const misled = difference(truth, handled);
      if (misled !== '') return `handlers of an informer of ${resource} were told ${misled}`;
      for (const value of values) {
        const found = versions(informer.store.byIndex(byApp, value));
        const kept = versions(
          objects.all(resource).filter((each) => selected(each) && appOf(each) === value),
        );
        const off = difference(kept, found);
        if (off !== '') return `an index of an informer of ${resource} has under ${value} ${off}`;
      }
    }
    return '';
  }
}

function follow(
  api: ApiClient,
  of: Watched,
  clock: Clock,
  log: Logger,
  judges: (informer: string) => InformerHandlers<KubeObject>,
): Followed {
  const { ref, ...selection } = of;
  const told = new Map<string, KubeObject>();
  const values = new Set<string>();
  const put = (object: KubeObject): void => {
    values.add(appOf(object));
    told.set(objectKey(object), object);
  };
  const informer = createInformer<KubeObject>(api, ref, {
    ...selection,
    clock,
    log,
    indexers: { [byApp]: (object) => [appOf(object)] },
    handlers: {
      added: put,
      updated: (_before, after) => put(after),
      deleted: (object) => void told.delete(objectKey(object)),
    },
  });
  const resource = resourceName(ref);
  informer.addHandlers(judges(resource));
  return { resource, selects: selects(selection), informer, values, told };
}

const versions = (objects: readonly KubeObject[]): Map<string, string> =>
  new Map(objects.map((each) => [objectKey(each), each.metadata?.resourceVersion ?? '']));

/** The first key of which one side knows another version. */
function difference(truth: ReadonlyMap<string, string>, shown: ReadonlyMap<string, string>) {
  for (const key of new Set([...truth.keys(), ...shown.keys()])) {
    const [is, says] = [truth.get(key), shown.get(key)];
    if (is !== says) return `${key} ${says ? `at ${says}` : 'nowhere'}: it is ${is ?? 'gone'}`;
  }
  return '';
}
