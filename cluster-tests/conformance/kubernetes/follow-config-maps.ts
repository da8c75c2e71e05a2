import {
  CoreV1Api,
  type KubeConfig,
  makeInformer,
  type V1ConfigMap,
} from '@kubernetes/client-node';

export interface Followed {
  readonly informer: ReturnType<typeof makeInformer<V1ConfigMap>>;
  /** `add NAME N`, `update …`, `delete …`, as they are told; N is the object's datum `n`. */
  readonly seen: string[];
}

/** client-node's informer of a namespace's ConfigMaps, not started yet. */
export function followConfigMaps(config: KubeConfig, namespace: string): Followed {
  const core = config.makeApiClient(CoreV1Api);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const informer = makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace }));
  const seen: string[] = [];
  const note = (what: string) => (object: V1ConfigMap) => {
    // Every namespace gets this one, whenever the controller comes to it.
    if (object.metadata?.name === 'kube-root-ca.crt') return;
    seen.push(`${what} ${object.metadata?.name} ${object.data?.['n'] ?? ''}`);
  };
  informer.on('add', note('add'));
  informer.on('update', note('update'));
  informer.on('delete', note('delete'));
  return { informer, seen };
}
