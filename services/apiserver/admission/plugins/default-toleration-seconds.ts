import type { Pod, Toleration } from '#shared/api';
import { type AdmissionPlugin, isNewPod } from '../plugin.ts';

const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/**
 * How long a pod stays on a node that is not ready or not reachable, written into pods that do not
 * say it themselves.
 */
export const defaultTolerationSeconds = (seconds: number): AdmissionPlugin => ({
  name: 'DefaultTolerationSeconds',
  handles: isNewPod,
  mutate(_request, draft) {
    const { spec } = draft as Pod;
    if (!spec) return;
    const present = spec.tolerations ?? [];
    const missing = taints.filter((key) => !present.some((each) => speaksOf(each, key)));
    const added = missing.map(
      (key): Toleration => ({
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: seconds,
      }),
    );
    if (added.length > 0) spec.tolerations = [...present, ...added];
  },
});

const speaksOf = ({ key, effect }: Toleration, taint: string): boolean =>
  (key === taint || !key) && (effect === 'NoExecute' || !effect);
