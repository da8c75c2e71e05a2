import type { Session } from './session.ts';
import type { ClientWorld } from './world.ts';

export type Span = readonly [key: string, rangeEnd: string | undefined];

/** Something that a user asked to read, and was told, or told that they may not. */
export interface Access {
  readonly user: string;
  /** What they showed, where they were asked to. */
  readonly token: string | undefined;
  readonly endpoint: string | undefined;
  readonly asked: object;
  /** All that they must be allowed to read for it. */
  readonly spans: readonly Span[];
  readonly serializable: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly denied: boolean;
}

/** To be called with the error, if there is one, when it is answered. */
export function reading(
  { scheduler, recorder }: ClientWorld,
  session: Session,
  what: Pick<Access, 'asked' | 'spans'> & { readonly serializable?: boolean | undefined },
): (error?: string) => void {
  const { user = 'trusted' } = session;
  const fromMs = scheduler.now;
  const endpoint = session.member()?.name;
  return (error) => {
    const denied = error?.includes('permission denied') === true;
    if (user === 'trusted' || (error !== undefined && !denied)) return;
    const { token } = session;
    const serializable = what.serializable === true;
    const times = { fromMs, toMs: scheduler.now };
    recorder.accesses.push({ user, token, endpoint, ...what, serializable, ...times, denied });
  };
}
