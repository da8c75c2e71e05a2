/**
 * The Kubernetes release whose API this is; clients compare their own with it, and warn where it is
 * more than one away: kubectl 1.31 to 1.33 have nothing to say of this one.
 */
export const kubernetesRelease = { major: '1', minor: '32', version: 'v1.32.0' } as const;
