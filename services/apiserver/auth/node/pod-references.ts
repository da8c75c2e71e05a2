import type { Container, Pod, PodSpec } from '#shared/api';

type Kind = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts';

/** Whether a pod may use this object of its namespace. */
export const refersTo = (pod: Pod, kind: Kind, name: string): boolean => tests[kind](pod, name);

const volumesOf = ({ spec }: Pod): NonNullable<PodSpec['volumes']> => spec?.volumes ?? [];

/** The claims of its namespace that a pod uses. */
export const claimsOf = (pod: Pod): string[] =>
  volumesOf(pod).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${pod.metadata?.name}-${name}`] : [];
  });

const tests: Readonly<Record<Kind, (pod: Pod, name: string) => boolean>> = {
  serviceaccounts: ({ spec }, name) => (spec?.serviceAccountName || 'default') === name,
  persistentvolumeclaims: (pod, name) => claimsOf(pod).includes(name),
  configmaps: (pod, name) =>
    environmentUses(pod, 'configMap', name) ||
    volumesOf(pod).some(
      ({ configMap, projected }) =>
        configMap?.name === name ||
        projected?.sources?.some((source) => source.configMap?.name === name),
    ),
  secrets: (pod, name) =>
    (pod.spec?.imagePullSecrets ?? []).some((secret) => secret.name === name) ||
    environmentUses(pod, 'secret', name) ||
    volumesOf(pod).some(
      ({ secret, projected }) =>
        secret?.secretName === name ||
        projected?.sources?.some((source) => source.secret?.name === name),
    ),
};

function environmentUses({ spec }: Pod, what: 'configMap' | 'secret', name: string): boolean {
  const containers: Pick<Container, 'env' | 'envFrom'>[] = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  return containers.some(
    ({ env = [], envFrom = [] }) =>
      env.some(({ valueFrom }) => valueFrom?.[`${what}KeyRef`]?.name === name) ||
      envFrom.some((source) => source[`${what}Ref`]?.name === name),
  );
}
