import { invalidValue } from '../causes.ts';
import { column, wide } from '../columns.ts';
import { age } from '../time.ts';
import type { Event } from '../types.ts';
import { declare } from './declare.ts';

const first = ({ firstTimestamp, eventTime }: Event): string | undefined =>
  firstTimestamp ?? eventTime;

const last = (event: Event): string | undefined =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? first(event);

const object = ({ involvedObject: { kind = '', name = '' } }: Event): string =>
  name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;

const source = ({ source, reportingComponent, reportingInstance }: Event): string =>
  [source?.component ?? reportingComponent, source?.host ?? reportingInstance]
    .filter(Boolean)
    .join(', ');

export const event = declare<Event>({
  group: '',
  resource: 'events',
  kind: 'Event',
  shortNames: ['ev'],
  columns: [
    column('Last Seen', (event, nowMs) => age(last(event), nowMs), 'When it happened last.'),
    column('Type', ({ type }) => type ?? '', 'Normal or Warning.'),
    column('Reason', ({ reason }) => reason ?? '', 'What happened, for programs.'),
    column('Object', object, 'What it happened to.'),
    wide('Subobject', (event) => event.involvedObject.fieldPath ?? '', 'Which part of it.'),
    wide('Source', source, 'Who says so.'),
    column('Message', ({ message }) => message?.trim() ?? '', 'What happened, for people.'),
    wide('First Seen', (event, nowMs) => age(first(event), nowMs), 'When it happened first.'),
    wide('Count', ({ series, count }) => String(series?.count ?? count ?? 1), 'How often.'),
    wide('Name', ({ metadata }) => metadata?.name ?? '', 'The name of the event.'),
  ],
  selectableFields: {
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
    source: ({ source, reportingComponent }) => source?.component ?? reportingComponent ?? '',
    type: ({ type }) => type ?? '',
  },
  validate: ({ involvedObject, metadata }) => {
    // Events about what has no namespace stand in `default`.
    const { namespace = '' } = involvedObject;
    const fits =
      namespace === metadata?.namespace || (namespace === '' && metadata?.namespace === 'default');
    if (fits) return [];
    return [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')];
  },
});
