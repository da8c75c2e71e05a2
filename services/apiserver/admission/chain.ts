import { cloneJson, type KubeObject } from '#shared/api';
import type { Gate } from '../registry/gate.ts';
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts';

/** The plugins in order: all of them change a new object before any of them judges it. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** What a request has to pass in the registry; undefined where no plugin has a say. */
  gate(request: AdmissionRequest): Gate | undefined {
    const plugins = this.#plugins.filter((plugin) => plugin.handles(request));
    if (plugins.length === 0) return undefined;
    return {
      async mutate(object: KubeObject) {
        const draft = cloneJson(object);
        const about = named(request, object);
        for (const plugin of plugins) await plugin.mutate?.(about, draft);
        return draft;
      },
      async validate(object, old) {
        const about = named(request, object ?? old);
        for (const plugin of plugins) await plugin.validate?.(about, object, old);
      },
    };
  }
}

/** A create, and a deletion of many, learn the name from the object. */
function named(request: AdmissionRequest, object: KubeObject | undefined): AdmissionRequest {
  if (request.name !== '') return request;
  const { name, generateName } = object?.metadata ?? {};
  return { ...request, name: name || generateName || 'Unknown' };
}
