import { refs, type ResourceRef } from '#shared/api';
import { must } from '#shared/base';
import type { ApiClient, ListOptions } from '#shared/client';
import { apps } from './extras.ts';

interface ReaderWorld {
  readonly api: ApiClient;
  readonly sleep: (ms: number) => Promise<void>;
}

const namespace = 'default';
const listed = [refs.pods, refs.configMaps, refs.replicaSets, refs.nodes, refs.secrets] as const;

/** What is listed or watched. */
function some(pick: number): [ResourceRef, ListOptions] {
  const ref = must(listed[pick % listed.length], 'a kind');
  const app = apps[pick % apps.length];
  const selectors = [`app=${app}`, `app in (${app},db)`, `app!=${app}`, '!app'];
  const labelSelector = pick % 3 === 0 ? selectors[pick % selectors.length] : undefined;
  return [
    ref,
    { ...(ref !== refs.nodes && { namespace }), ...(labelSelector && { labelSelector }) },
  ];
}

/** Somebody who looks at what there is. What they are told is judged elsewhere. */
export class Reader {
  readonly #world: ReaderWorld;

  constructor(world: ReaderWorld) {
    this.#world = world;
  }

  async list(pick: number): Promise<void> {
    await this.#world.api.list(...some(pick));
  }

  /** As of one moment, in pages, however much changes meanwhile. */
  async pages(pick: number): Promise<void> {
    const [ref, options] = some(pick);
    let next: string | undefined;
    do {
      const page = { ...options, limit: 1 + (pick % 4), ...(next && { continue: next }) };
      next = (await this.#world.api.list(ref, page)).continue;
      await this.#world.sleep(pick % 50);
    } while (next);
  }

  /** From some versions ago on, for a moment. */
  async watchPast(pick: number): Promise<void> {
    const { api, sleep } = this.#world;
    const [ref, options] = some(pick);
    const { resourceVersion } = await api.list(ref, { ...options, limit: 1 });
    const since = String(Math.max(1, Number(resourceVersion) - (pick % 150)));
    const enough = new AbortController();
    const { signal } = enough;
    const watch = api.watch(ref, { ...options, resourceVersion: since, signal });
    void sleep(2_000).then(() => enough.abort());
    for await (const _ of watch);
  }
}
