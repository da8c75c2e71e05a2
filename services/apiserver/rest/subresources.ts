/** How discovery describes a subresource. */
export interface SubresourceInfo {
  readonly verbs: readonly string[];
  /** Where its body is of another kind than the object. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
}

const view: SubresourceInfo = { verbs: ['get', 'patch', 'update'] };

const infos: Readonly<Record<string, SubresourceInfo>> = {
  status: view,
  scale: { ...view, kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
  finalize: { verbs: ['update'] },
  log: { verbs: ['get'] },
  binding: { verbs: ['create'], kind: { group: '', version: 'v1', kind: 'Binding' } },
  eviction: { verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
};

export const subresourceInfo = (name: string): SubresourceInfo => infos[name] ?? view;
