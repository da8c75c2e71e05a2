import type { CertificateRequest } from '#shared/pki';

/** Why a signer does not sign a request; undefined where it does. */
type Refuse = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

const nodesGroup = 'system:nodes';
const nodePrefix = 'system:node:';

/** Other than these usages, or without one of those that must be. */
function refuseUsages(
  usages: readonly string[],
  must: string,
  may: readonly string[],
): string | undefined {
  const allowed = [must, 'digital signature', 'signing', ...may];
  if (usages.includes(must) && usages.every((usage) => allowed.includes(usage))) return undefined;
  return `usages did not match: must be of ${JSON.stringify(allowed)} and include ${JSON.stringify(must)}`;
}

function refuseNode({ commonName, organizations }: CertificateRequest): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== nodesGroup) {
    return `subject organization is not ${nodesGroup}`;
  }
  return commonName.startsWith(nodePrefix)
    ? undefined
    : `subject common name does not begin with ${nodePrefix}`;
}

const hasNames = ({ dns, ips, others }: CertificateRequest): boolean =>
  dns.length + ips.length + others.length > 0;

/** Kubernetes' own signers, all of the cluster's one authority. */
export const signers: Readonly<Record<string, Refuse>> = {
  'kubernetes.io/kube-apiserver-client': (_request, usages) =>
    refuseUsages(usages, 'client auth', ['key encipherment']),
  'kubernetes.io/kube-apiserver-client-kubelet': (request, usages) =>
    refuseNode(request) ??
    (hasNames(request) ? 'alternative names are not allowed' : undefined) ??
    refuseUsages(usages, 'client auth', ['key encipherment']),
  'kubernetes.io/kubelet-serving': (request, usages) =>
    refuseNode(request) ??
    (request.dns.length + request.ips.length === 0 ? 'DNS or IP names are required' : undefined) ??
    (request.others.length > 0 ? 'URI and email names are not allowed' : undefined) ??
    refuseUsages(usages, 'server auth', ['key encipherment']),
  'kubernetes.io/legacy-unknown': () => undefined,
};
