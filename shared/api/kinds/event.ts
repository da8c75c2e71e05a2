import type { Event } from '../types.ts';
import { declare } from './declare.ts';

export const event = declare<Event>({
  group: '',
  resource: 'events',
  kind: 'Event',
  shortNames: ['ev'],
  columns: [],
});
