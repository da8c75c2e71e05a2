import type { Alarm, AlarmType } from '../state/alarms.ts';
import type { Outcome } from '../state/state-machine.ts';
import type { Serving } from './context.ts';

/** Undefined: of every kind. */
export async function listAlarms(serving: Serving, alarm?: AlarmType): Promise<readonly Alarm[]> {
  await serving.node.linearizable();
  const { all } = serving.state.alarms;
  return alarm === undefined ? all : all.filter((raised) => raised.alarm === alarm);
}

/** Those that were raised or cleared by it. */
export async function changeAlarm(
  serving: Serving,
  raise: boolean,
  alarm: Alarm,
): Promise<readonly Alarm[]> {
  const outcome = await serving.node.propose({ type: 'alarm', raise, alarm });
  return (outcome as Outcome<readonly Alarm[]>).result;
}
