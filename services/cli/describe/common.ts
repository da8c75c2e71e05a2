import type { Event, KubeObject, LabelSelector, PodTemplateSpec, Container } from '#shared/api';
import { lastAppliedAnnotation } from '../objects/apply-merge.ts';
import { labelSelectorText } from '../objects/selector-text.ts';
import { eventAge, eventTime } from '../print/event-age.ts';
import { formatInnerTable, mapLines, type Section, type Value } from './text.ts';

/** The lines that every description begins with. */
export function headSection(object: KubeObject): Section {
  const { name = '', namespace, labels, annotations } = object.metadata ?? {};
  const shown = { ...annotations };
  delete shown[lastAppliedAnnotation];
  return [
    ['Name', name],
    ...(namespace === undefined ? [] : ([['Namespace', namespace]] as const)),
    ['Labels', mapLines(labels)],
    ['Annotations', mapLines(shown, ': ')],
  ];
}

export const selectorLine = (selector: LabelSelector | undefined): string =>
  labelSelectorText(selector) || '<none>';

export function controlledBy(object: KubeObject): string {
  const owner = object.metadata?.ownerReferences?.find(({ controller }) => controller);
  return owner ? `${owner.kind}/${owner.name}` : '<none>';
}

export function templateSection(template: PodTemplateSpec | undefined): Section {
  const containers = (list: readonly Container[] = []): Section =>
    list.map((container) => [container.name, containerSection(container)]);
  const init = containers(template?.spec?.initContainers);
  return [
    ['Labels', mapLines(template?.metadata?.labels)],
    ...(template?.metadata?.annotations
      ? ([['Annotations', mapLines(template.metadata.annotations, ': ')]] as const)
      : []),
    ...(init.length === 0 ? [] : ([['Init Containers', init]] as const)),
    ['Containers', containers(template?.spec?.containers)],
  ];
}

/** What a manifest says of a container; a pod's description adds what became of it. */
export function containerSection(container: Container): Section {
  const { image, command, args, ports, env, envFrom, resources } = container;
  const lines: (readonly [string, Value])[] = [['Image', image ?? '']];
  const portLines = (ports ?? []).map((port) => `${port.containerPort}/${port.protocol ?? 'TCP'}`);
  lines.push(['Port', portLines.join(', ') || '<none>']);
  if (command) lines.push(['Command', command.map(oneLine)]);
  if (args) lines.push(['Args', args.map(oneLine)]);
  if (resources?.requests) lines.push(['Requests', mapLines(resources.requests, ': ')]);
  if (resources?.limits) lines.push(['Limits', mapLines(resources.limits, ': ')]);
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) lines.push(['Liveness', probeLine(livenessProbe)]);
  if (readinessProbe) lines.push(['Readiness', probeLine(readinessProbe)]);
  if (startupProbe) lines.push(['Startup', probeLine(startupProbe)]);
  if (envFrom) {
    const from = envFrom.map(({ configMapRef, secretRef }) =>
      configMapRef ? `${configMapRef.name}  ConfigMap` : `${secretRef?.name}  Secret`,
    );
    lines.push(['Environment Variables from', from]);
  }
  lines.push(['Environment', (env ?? []).length === 0 ? '<none>' : (env ?? []).map(envLine)]);
  return lines;
}

const lineCharsMax = 100;

function oneLine(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > lineCharsMax ? `${line.slice(0, lineCharsMax)}…` : line;
}

function envLine({ name, value, valueFrom }: NonNullable<Container['env']>[number]): string {
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom ?? {};
  if (fieldRef) return `${name}:  (${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`;
  if (configMapKeyRef) {
    return `${name}:  <set to the key '${configMapKeyRef.key}' of config map '${configMapKeyRef.name}'>`;
  }
  if (secretKeyRef) {
    return `${name}:  <set to the key '${secretKeyRef.key}' in secret '${secretKeyRef.name}'>`;
  }
  return `${name}:  ${value ?? ''}`;
}

function probeLine(probe: NonNullable<Container['readinessProbe']>): string {
  const { httpGet, tcpSocket, exec } = probe;
  const what = httpGet
    ? `http-get ${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${httpGet.host ?? ''}:${httpGet.port}${httpGet.path ?? '/'}`
    : tcpSocket
      ? `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port}`
      : `exec [${(exec?.command ?? []).map(oneLine).join(' ')}]`;
  return (
    `${what} delay=${probe.initialDelaySeconds ?? 0}s timeout=${probe.timeoutSeconds ?? 1}s ` +
    `period=${probe.periodSeconds ?? 10}s #success=${probe.successThreshold ?? 1} ` +
    `#failure=${probe.failureThreshold ?? 3}`
  );
}

/** A condition list as the two-column table kubectl prints. */
export function conditionsTable(
  conditions: readonly { type: string; status: string; reason?: string }[] | undefined,
  withReason: boolean,
): string {
  if (!conditions || conditions.length === 0) return '';
  const heads = withReason ? ['Type', 'Status', 'Reason'] : ['Type', 'Status'];
  const rows = conditions.map(({ type, status, reason }) =>
    withReason ? [type, status, reason ?? ''] : [type, status],
  );
  return `Conditions:\n${formatInnerTable(heads, rows)}`;
}

export function eventsTable(events: readonly Event[], nowMs: number): string {
  if (events.length === 0) return 'Events:  <none>\n';
  const rows = events
    .toSorted((a, b) => eventTime(a) - eventTime(b))
    .map((event) => [
      event.type ?? '',
      event.reason ?? '',
      eventAge(event, nowMs),
      event.source?.component ?? event.reportingComponent ?? '',
      (event.message ?? '').trim().replaceAll('\n', ' '),
    ]);
  return `Events:\n${formatInnerTable(['Type', 'Reason', 'Age', 'From', 'Message'], rows)}`;
}
