import { BrokenPromise } from '#shared/checks';
import type { Backend } from '#shared/mvcc';

const everything = [new Uint8Array(), Uint8Array.of(0xff, 0xff)] as const;

/** What counts towards the quota is what is there: by all records, looked at one by one. */
export function checkLiveBytes(
  member: string,
  backend: Pick<Backend, 'scan'> & { readonly liveBytes: number },
): void {
  let bytes = 0;
  for (const [key, value] of backend.scan(...everything)) bytes += key.length + value.length;
  if (bytes === backend.liveBytes) return;
  throw new BrokenPromise(
    `${member} counts ${backend.liveBytes} live bytes, and its records have ${bytes}`,
  );
}
