import {
  type Applier,
  applyConfiguration,
  badRequest,
  conflict,
  type KubeObject,
  type Resource,
  withEntries,
} from '#shared/api';
import type { WriteOptions } from '#shared/client';
import { applyCauses, checkOptions } from './options.ts';
import type { Subresource } from './subresources.ts';

/** What an apply says beyond other writes. */
export interface ApplyOptions extends WriteOptions {
  /** Takes fields that other managers own, instead of failing. */
  readonly force?: boolean | undefined;
  /** Throws where the caller may not create the object that is not there yet. */
  readonly authorizeCreate?: (() => Promise<void>) | undefined;
}

/** Who applies. Throws `invalid` where nobody says so. */
export function applierOf(options: ApplyOptions, now: string): Applier {
  const { fieldManager: manager = '', subresource = '', force = false } = options;
  checkOptions('PatchOptions', applyCauses(true, manager, force));
  return { manager, subresource, force, now };
}

/** Throws `bad-request` for a configuration that says what is not its to say. */
export function checkConfiguration({ metadata = {} }: KubeObject): void {
  if ((metadata.managedFields ?? []).length > 0) {
    throw badRequest('metadata.managedFields must be nil');
  }
}

/** The object to store when `config` is applied to `live`. */
export function applied(
  resource: Resource,
  view: Subresource,
  live: KubeObject,
  config: KubeObject,
  applier: Applier,
): KubeObject {
  const asked = config.metadata?.resourceVersion;
  if (asked && asked !== live.metadata?.resourceVersion) {
    throw conflict(resource, live.metadata?.name ?? '');
  }
  const said = applier.subresource === 'scale' ? scaleConfig(config) : config;
  const { object, managedFields } = applyConfiguration(resource, live, said, applier);
  return withEntries(view.replace(view.project(object), live, { now: applier.now }), managedFields);
}

/** A Scale says one field of the object it scales. */
function scaleConfig(config: KubeObject): KubeObject {
  const { replicas } = (config as { spec?: { replicas?: number } }).spec ?? {};
  return { spec: { replicas } } as KubeObject;
}
