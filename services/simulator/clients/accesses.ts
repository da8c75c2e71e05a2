import type { Access } from './recorder.ts';
import type { Session } from './session.ts';
import type { ClientWorld } from './world.ts';

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
