import type { ApiClient } from '#shared/client';
import type { ContainerStatus } from '#services/agent';
import type { AppliedEntry } from '../../checks/state-log.ts';
import type { Report } from '../../checks/report.ts';
import type { ContainerEvents } from '../parts/containers.ts';
import { ObjectHistory } from './objects.ts';

/** Feeds the checkers with what happens: in the store, on the machines, and on the way between. */
export class ControlChecks {
  readonly objects = new ObjectHistory();
  readonly containers: ContainerEvents;
  readonly #report: Report;
  asked = 0;
  answered = 0;

  constructor(report: Report, _now: () => number) {
    this.#report = report;
    this.containers = {
      started: (_node: string, _status: ContainerStatus) => undefined,
      exited: (_node: string, _status: ContainerStatus) => undefined,
    };
  }

  applied(entry: AppliedEntry): void {
    this.#report.check('objects', () => {
      this.objects.add(entry);
    });
  }

  recorded<T extends ApiClient>(_who: string, api: T): T {
    return api;
  }

  counted(_name: string, _sure: boolean): void {
    // Later.
  }

  judge(): void {
    // Later.
  }
}
