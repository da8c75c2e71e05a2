import type { Container, PodSpec, Probe } from '../types.ts';

type Volume = NonNullable<PodSpec['volumes']>[number];

/** rw-r--r--. */
const fileMode = 0o644;

/** What Kubernetes fills into a pod spec, in a pod and in a template alike. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.schedulerName ??= 'default-scheduler';
  spec.securityContext ??= {};
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    defaultContainer(container, spec.hostNetwork === true);
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
}

export function defaultEphemeralContainers({ ephemeralContainers, hostNetwork }: PodSpec): void {
  for (const container of ephemeralContainers ?? []) {
    defaultContainer(container, hostNetwork === true);
  }
}

function defaultContainer(container: Container, hostNetwork: boolean): void {
  container.resources ??= {};
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= pullPolicy(container.image ?? '');
  for (const port of container.ports ?? []) {
    port.protocol ??= 'TCP';
    if (hostNetwork) port.hostPort ??= port.containerPort;
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1';
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler?.httpGet) defaultHttpGet(handler.httpGet);
  }
}

/** The tag `latest`, said or meant, is pulled anew. A digest pins the image. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const name = image.slice(image.lastIndexOf('/') + 1);
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHttpGet(action: NonNullable<Probe['httpGet']>): void {
  action.path ||= '/';
  action.scheme ??= 'HTTP';
}

function defaultVolume(volume: Volume): void {
  // A volume without a source is an empty directory.
  if (Object.keys(volume).length === 1) volume.emptyDir = {};
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode;
  if (volume.secret) volume.secret.defaultMode ??= fileMode;
  if (volume.downwardAPI) volume.downwardAPI.defaultMode ??= fileMode;
  if (volume.projected) volume.projected.defaultMode ??= fileMode;
  if (volume.hostPath) volume.hostPath.type ??= '';
}

/** In a pod itself, a limit without a request is a request of that size. */
export function defaultRequests(spec: PodSpec): void {
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const { limits, requests } = container.resources ?? {};
    if (!limits) continue;
    container.resources = { ...container.resources, requests: { ...limits, ...requests } };
  }
}
