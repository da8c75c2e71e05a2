import { refs } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import type { Creators } from '../requests/creators.ts';
import { bindPod } from './binding.ts';
import { evictPod } from './eviction.ts';

export const podCreators = (registry: Registry, kinds: KindTable, clock: Clock): Creators => ({
  '/pods/binding': ({ resource, name, body, options }) =>
    bindPod(registry, resource, clock, name, body, options),
  '/pods/eviction': ({ resource, name, body, options }) =>
    evictPod(
      registry,
      resource,
      kinds.builtin(refs.podDisruptionBudgets),
      clock,
      name,
      body,
      options,
    ),
});
