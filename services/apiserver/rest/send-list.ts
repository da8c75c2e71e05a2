import type { Clock } from '#shared/clock';
import type { Exchange } from './exchange.ts';
import type { FormedList } from './forms.ts';
import { send } from './send.ts';

/** Text that is made and sent at a time, in characters: some milliseconds of work. */
const chunkLength = 256 * 1024;

/** The whole list as one object. */
export const listOf = ({ frame, field, items, form }: FormedList): object => ({
  ...frame,
  [field]: items.map(form),
});

/**
 * A list as JSON. A long one goes out in chunks at the client's pace, with turns for other requests in
 * between: a hundred megabytes of pods hold up nobody, and are never in memory at once.
 */
export async function sendList(
  exchange: Exchange,
  list: FormedList,
  type: string,
  clock: Clock,
): Promise<void> {
  if (exchange.pretty) return exchange.json(listOf(list), 200, type);
  const { frame, field, items, form } = list;
  let text = `${JSON.stringify(frame).slice(0, -1)},"${field}":[`;
  let started = false;
  for (const [i, object] of items.entries()) {
    text += (i > 0 ? ',' : '') + JSON.stringify(form(object));
    if (text.length < chunkLength) continue;
    if (!started) exchange.start(type);
    started = true;
    await send(exchange, Buffer.from(text), exchange.signal);
    if (exchange.signal.aborted) return;
    text = '';
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
  const end = Buffer.from(`${text}]}`);
  if (!started) return exchange.bytes(end, type);
  await send(exchange, end, exchange.signal);
  exchange.response.end();
}
