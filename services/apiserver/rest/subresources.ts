/** How discovery describes a subresource. */
export interface SubresourceInfo {
  readonly verbs: readonly string[];
  /** Where its body is of another kind than the object. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
}

const view: SubresourceInfo = { verbs: ['get', 'patch', 'update'] };

/** Asked for by GET (WebSocket) or POST (SPDY), and both are a `create`. */
const streams = (kind: string): SubresourceInfo => ({
  verbs: ['create', 'get'],
  kind: { group: '', version: 'v1', kind },
});

/** Subresources that are a connection rather than an object. */
export const isStream = (name: string): boolean =>
  name === 'exec' || name === 'attach' || name === 'portforward';

const infos: Readonly<Record<string, SubresourceInfo>> = {
  status: view,
  scale: { ...view, kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
  finalize: { verbs: ['update'] },
  log: { verbs: ['get'] },
  exec: streams('PodExecOptions'),
  attach: streams('PodAttachOptions'),
  portforward: streams('PodPortForwardOptions'),
  token: {
    verbs: ['create'],
    kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  },
  binding: { verbs: ['create'], kind: { group: '', version: 'v1', kind: 'Binding' } },
  proxy: { verbs: ['create', 'delete', 'get', 'patch', 'update'] },
  eviction: { verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
};

export const subresourceInfo = (name: string): SubresourceInfo => infos[name] ?? view;
