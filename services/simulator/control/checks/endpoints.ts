import type { EndpointSlice, Service } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

const serviceName = 'kubernetes.io/service-name';

/**
 * An endpoint is ready when it serves and is not on its way out, by what it says of itself: so at
 * every moment and under every fault, whatever its writer may not have heard yet.
 */
export class EndpointConditions implements Checker {
  readonly name = 'endpoints';
  /** Services that want all of their pods, ready or not: by `<namespace>/<name>`, ever. */
  readonly #publishAll = new Set<string>();

  changed({ resource, key, revision, after }: Change): void {
    if (resource === 'services' && after) this.#service(after);
    if (resource !== 'discovery.k8s.io/endpointslices' || !after) return;
    const { metadata, endpoints }: EndpointSlice = after as EndpointSlice;
    const service = `${metadata?.namespace}/${metadata?.labels?.[serviceName]}`;
    if (this.#publishAll.has(service)) return;
    for (const { conditions = {}, targetRef } of endpoints ?? []) {
      const { ready, serving, terminating } = conditions;
      if (ready !== true || (serving !== false && terminating !== true)) continue;
      const why = terminating === true ? 'on its way out' : 'not serving';
      throw new BrokenPromise(
        `${key} has ${targetRef?.name} as ready at revision ${revision}, and as ${why}`,
      );
    }
  }

  #service({ spec, metadata }: Service): void {
    if (spec?.publishNotReadyAddresses !== true) return;
    this.#publishAll.add(`${metadata?.namespace}/${metadata?.name}`);
  }
}
