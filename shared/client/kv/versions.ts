/** The first release of each line of etcd whose answers to progress requests wait for the events before them. */
const orderedSince = [
  [3, 4, 31],
  [3, 5, 13],
] as const;

/**
 * Whether a release of etcd answers a request for progress only after the events that it covers
 * (etcd issue 15220). Kubernetes draws the line at the same releases.
 */
export function ordersProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map(Number);
  const line = orderedSince.find((since) => since[0] === major && since[1] === minor);
  if (line) return patch >= line[2];
  return major > 3 || (major === 3 && minor > 5);
}
