import type { Event, EventV1 } from '../types.ts';
import { event } from './event.ts';
import { servedAs } from './served-as.ts';

/** events.k8s.io/v1: the same events with newer names. */
export const eventV1 = servedAs<EventV1, Event>({
  group: 'events.k8s.io',
  version: 'v1',
  resource: 'events',
  kind: 'Event',
  stored: event,
  from({ involvedObject, message, reportingComponent, source, ...rest }) {
    const { firstTimestamp, lastTimestamp, count, ...same } = rest;
    return {
      ...same,
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      regarding: involvedObject,
      // There is none on an event of the older kind, and clients read it as none.
      eventTime: rest.eventTime as string,
      ...(message !== undefined && { note: message }),
      ...(reportingComponent !== undefined && { reportingController: reportingComponent }),
      ...(source !== undefined && { deprecatedSource: source }),
      ...(firstTimestamp !== undefined && { deprecatedFirstTimestamp: firstTimestamp }),
      ...(lastTimestamp !== undefined && { deprecatedLastTimestamp: lastTimestamp }),
      ...(count !== undefined && { deprecatedCount: count }),
    } as EventV1;
  },
  to({ regarding = {}, note, reportingController, deprecatedSource, ...rest }) {
    const { deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, ...same } = rest;
    return {
      ...same,
      apiVersion: 'v1',
      kind: 'Event',
      metadata: rest.metadata ?? {},
      involvedObject: regarding,
      ...(note !== undefined && { message: note }),
      ...(reportingController !== undefined && { reportingComponent: reportingController }),
      ...(deprecatedSource !== undefined && { source: deprecatedSource }),
      ...(deprecatedFirstTimestamp !== undefined && { firstTimestamp: deprecatedFirstTimestamp }),
      ...(deprecatedLastTimestamp !== undefined && { lastTimestamp: deprecatedLastTimestamp }),
      ...(deprecatedCount !== undefined && { count: deprecatedCount }),
    };
  },
});
