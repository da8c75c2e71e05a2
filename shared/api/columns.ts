import type { KubeObject } from './object.ts';
import type { TableColumn } from './resource.ts';
import { labelSelectorMatcher } from './selectors.ts';
import { age } from './time.ts';
import { formatLabels } from './text.ts';
import type { LabelSelector, PodTemplateSpec } from './types.ts';

type Cell<T extends KubeObject> = TableColumn<T>['cell'];

/** A column that is always printed. */
export const column = <T extends KubeObject>(
  name: string,
  cell: Cell<T>,
  description: string,
  type: TableColumn['type'] = 'string',
): TableColumn<T> => ({ name, type, description, priority: 0, cell });

/** A column of `-o wide`. */
export const wide = <T extends KubeObject>(
  name: string,
  cell: Cell<T>,
  description: string,
): TableColumn<T> => ({ name, type: 'string', description, priority: 1, cell });

export const nameColumn: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name, unique within a namespace.',
  priority: 0,
  cell: (object) => object.metadata?.name ?? '',
};

export const ageColumn: TableColumn = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: (object, nowMs) => age(object.metadata?.creationTimestamp, nowMs),
};

interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

/** Of an autoscaling/v1 Scale, the view of whatever can be scaled. */
export const scaleColumns: readonly TableColumn[] = [
  nameColumn,
  column<Scale>('Desired', ({ spec }) => spec?.replicas ?? 0, 'How many are wanted.', 'integer'),
  column<Scale>(
    'Available',
    ({ status }) => status?.replicas ?? 0,
    'How many there are.',
    'integer',
  ),
  ageColumn,
];

export const none = '<none>';

/** The labels that make a selector, as a cell. */
export const labelsCell = (labels: Readonly<Record<string, string>> | undefined): string =>
  formatLabels(labels) || none;

/** Names and images of the containers in a workload's template. */
export const containerColumns = <T extends KubeObject>(
  templateOf: (object: T) => PodTemplateSpec | undefined,
): TableColumn<T>[] =>
  (['name', 'image'] as const).map((key) =>
    wide(
      key === 'name' ? 'Containers' : 'Images',
      (object) =>
        (templateOf(object)?.spec?.containers ?? [])
          .map((container) => container[key] ?? '')
          .join(','),
      key === 'name' ? 'Names of the containers.' : 'Images of the containers.',
    ),
  );

/** Containers, images and selector of a workload. */
export const workloadColumns = <
  T extends KubeObject & {
    spec?: { template?: PodTemplateSpec; selector: LabelSelector };
  },
>(): TableColumn<T>[] => [
  ...containerColumns<T>(({ spec }) => spec?.template),
  wide(
    'Selector',
    (object) => labelSelectorMatcher(object.spec?.selector).toString() || none,
    'Which pods belong to it.',
  ),
];

/** At most three, and how many more: `a,b,c + 2 more...`. */
export function firstThree(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(',');
  if (items.length > 3) return `${shown} + ${items.length - 3} more...`;
  return shown === '' ? '<unset>' : shown;
}
