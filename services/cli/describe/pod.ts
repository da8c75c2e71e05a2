import type { Container, ContainerState, ContainerStatus, Pod } from '#shared/api';
import { conditionsTable, containerSection, controlledBy, headSection } from './common.ts';
import { formatSection, formatTime, mapLines, type Section, type Value } from './text.ts';

export function describePod(pod: Pod): string {
  const { metadata = {}, spec, status = {} } = pod;
  const node = spec?.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>';
  const [name, namespace, ...rest] = headSection(pod);
  const head: Section = [
    ...[name, namespace].filter((line) => line !== undefined),
    ['Node', node],
    ['Start Time', formatTime(status.startTime)],
    ...rest,
    ['Status', metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? 'Unknown')],
    ...(status.reason ? ([['Reason', status.reason]] as const) : []),
    ...(status.message ? ([['Message', status.message]] as const) : []),
    ['IP', status.podIP ?? ''],
    ['Controlled By', controlledBy(pod)],
  ];
  const init = withStatuses(spec?.initContainers, status.initContainerStatuses);
  const containers = withStatuses(spec?.containers, status.containerStatuses);
  return (
    formatSection(head) +
    (init.length === 0 ? '' : formatSection([['Init Containers', init]])) +
    formatSection([['Containers', containers]]) +
    conditionsTable(status.conditions, false) +
    formatSection([
      ['QoS Class', status.qosClass ?? '<none>'],
      ['Node-Selectors', mapLines(spec?.nodeSelector)],
      ['Tolerations', tolerationLines(pod)],
    ])
  );
}

const withStatuses = (
  containers: readonly Container[] = [],
  statuses: readonly ContainerStatus[] = [],
): Section =>
  containers.map((container) => [
    container.name,
    withStatus(
      container,
      statuses.find(({ name }) => name === container.name),
    ),
  ]);

function withStatus(container: Container, status: ContainerStatus | undefined): Section {
  const [image, ...rest] = containerSection(container);
  const states: (readonly [string, Value])[] = [];
  if (status) {
    states.push(...stateLines('State', status.state));
    if (status.lastState && Object.keys(status.lastState).length > 0) {
      states.push(...stateLines('Last State', status.lastState));
    }
    states.push(['Ready', status.ready ? 'True' : 'False']);
    states.push(['Restart Count', String(status.restartCount)]);
  }
  return [
    ...(status?.containerID ? ([['Container ID', status.containerID]] as const) : []),
    ...(image ? [image] : []),
    ...states,
    ...rest,
  ];
}

function stateLines(name: string, state: ContainerState | undefined): (readonly [string, Value])[] {
  const { running, waiting, terminated } = state ?? {};
  if (running)
    return [
      [name, 'Running'],
      ['  Started', formatTime(running.startedAt)],
    ];
  if (terminated) {
    return [
      [name, 'Terminated'],
      ['  Reason', terminated.reason ?? ''],
      ...(terminated.message ? ([['  Message', terminated.message]] as const) : []),
      ['  Exit Code', String(terminated.exitCode)],
      ['  Started', formatTime(terminated.startedAt)],
      ['  Finished', formatTime(terminated.finishedAt)],
    ];
  }
  return [
    [name, 'Waiting'],
    ...(waiting?.reason ? ([['  Reason', waiting.reason]] as const) : []),
    ...(waiting?.message ? ([['  Message', waiting.message]] as const) : []),
  ];
}

function tolerationLines({ spec }: Pod): string[] {
  const lines = (spec?.tolerations ?? []).map((toleration) => {
    const value = toleration.value ? `=${toleration.value}` : '';
    const effect = toleration.effect ? `:${toleration.effect}` : '';
    const operator = toleration.operator === 'Exists' ? ' op=Exists' : '';
    const seconds =
      toleration.tolerationSeconds === undefined ? '' : ` for ${toleration.tolerationSeconds}s`;
    return `${toleration.key ?? ''}${value}${effect}${operator}${seconds}`;
  });
  return lines.length === 0 ? ['<none>'] : lines;
}
