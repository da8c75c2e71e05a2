import { equalJson, forbiddenTo, type KubeObject, type Node, type Pod, refs } from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import { nodeOf } from '../../auth/node/node-name.ts';
import { type AdmissionPlugin, type AdmissionRequest, isKind } from '../plugin.ts';

/** Keeps an agent to its own node, its own pods and its own lease. */
export function nodeRestriction(watches: WatchCache, kinds: KindTable): AdmissionPlugin {
  const pods = kinds.builtin(refs.pods);
  return {
    name: 'NodeRestriction',
    handles: (request) => nodeOf(request.user) !== undefined,
    validate(request, object, old) {
      const node = nodeOf(request.user) ?? '';
      const no = (why: string): never => {
        throw forbiddenTo(request.resource, request.name, `node "${node}" ${why}`);
      };
      if (isKind(request, '', 'nodes')) checkNode(request, node, object, old, no);
      else if (isKind(request, '', 'pods')) {
        // Below a pod only the pod itself says whose it is.
        const { namespace, name } = request;
        const pod = old ?? watches.peek(pods, namespace, name)?.object;
        checkPod(request, node, object, pod, no);
      } else if (isKind(request, '', 'serviceaccounts') && request.subresource === 'token') {
        const bound = boundPod(object);
        const pod = watches.peek(pods, request.namespace, bound.name ?? '')?.object;
        checkToken(node, bound, pod, no);
      } else if (isKind(request, 'coordination.k8s.io', 'leases')) {
        const name = (object ?? old)?.metadata?.name;
        if (request.namespace !== 'kube-node-lease' || name !== node) {
          no('can only access node lease with the same name as the requesting node');
        }
      }
    },
  };
}

type Refuse = (why: string) => never;

function checkNode(
  { operation, name: requested }: AdmissionRequest,
  node: string,
  object: Node | undefined,
  old: Node | undefined,
  no: Refuse,
): void {
  const name = (object ?? old)?.metadata?.name ?? requested;
  if (name !== node) no(`is not allowed to modify node "${name}"`);
  if (operation !== 'update' || !object || !old) return;
  if (!equalJson(object.spec?.taints ?? [], old.spec?.taints ?? [])) {
    no('is not allowed to modify taints');
  }
  if (!equalJson(restricted(object), restricted(old))) {
    no('is not allowed to modify labels: node-restriction.kubernetes.io/*');
  }
}

interface BoundPod {
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
}

/** As the body of a TokenRequest says it, which nobody has checked. */
function boundPod(body: KubeObject | undefined): BoundPod {
  const { spec } = (body ?? {}) as { spec?: { boundObjectRef?: BoundPod & { kind?: string } } };
  const { kind, name, uid } = spec?.boundObjectRef ?? {};
  return kind === 'Pod' ? { name, uid } : {};
}

function checkToken(node: string, bound: BoundPod, pod: Pod | undefined, no: Refuse): void {
  if (!bound.name) no('can only create tokens that are bound to a pod');
  if (!bound.uid) no('can only create tokens that are bound to a pod by its uid');
  if (!pod) no(`is not allowed to request a token bound to a pod that it does not know`);
  if (pod?.metadata?.uid !== bound.uid) {
    no(`is not allowed to request a token bound to a pod of another uid`);
  }
  if (pod?.spec?.nodeName !== node) {
    no('can only create tokens bound to a pod with spec.nodeName set to itself');
  }
}

/** Labels by which others keep pods from nodes: not for the node to give itself. */
const restricted = ({ metadata }: KubeObject): object =>
  Object.fromEntries(
    Object.entries(metadata?.labels ?? {}).filter(([key]) =>
      /(^|\.)node-restriction\.kubernetes\.io\//.test(key),
    ),
  );

function checkPod(
  { operation, subresource }: AdmissionRequest,
  node: string,
  object: Pod | undefined,
  pod: Pod | undefined,
  no: Refuse,
): void {
  const isMine = pod?.spec?.nodeName === node;
  if (operation === 'create' && subresource === '') {
    if (object?.metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined) {
      no('can only create pods with the "kubernetes.io/config.mirror" annotation set');
    }
    if (object?.spec?.nodeName !== node) {
      no('can only create pods with spec.nodeName set to itself');
    }
    return;
  }
  if (subresource === 'eviction' && !isMine) {
    no('can only evict pods with spec.nodeName set to itself');
  }
  if (operation === 'delete' && !isMine) {
    no('can only delete pods with spec.nodeName set to itself');
  }
  if (operation !== 'update') return;
  if (!isMine) no('can only update pod status for pods with spec.nodeName set to itself');
  if (!equalJson(object?.metadata?.labels ?? {}, pod?.metadata?.labels ?? {})) {
    no('cannot update labels through pod status');
  }
}
