import { QuorateError } from '#shared/base';
import { answer, answerText, type HttpHandler, refuseOtherThanGet } from './answers.ts';

export interface HealthParts {
  /** Reads one key: on this member's own state, or as a quorum has it. */
  readonly read: (serializable: boolean) => Promise<unknown>;
  readonly hasLeader: () => boolean;
  readonly isLearner: () => boolean;
  /** Names of the alarms that are raised, such as `NOSPACE`. */
  readonly alarms: () => readonly string[];
}

/** What the metrics tell of health checks. */
export class HealthCounts {
  successes = 0;
  failures = 0;
  /** By `kind/name`: how often each check went well and not, and how it went last. */
  readonly checks = new Map<string, { success: number; error: number; ok: boolean }>();

  count(kind: string, name: string, ok: boolean): void {
    const key = `${kind}/${name}`;
    const counted = this.checks.get(key) ?? { success: 0, error: 0, ok };
    this.checks.set(key, counted);
    counted[ok ? 'success' : 'error']++;
    counted.ok = ok;
  }
}

/** `/health`, as every version of etcd has it. */
export function healthHandler(parts: HealthParts, counts: HealthCounts): HttpHandler {
  return async (request, response, query) => {
    if (refuseOtherThanGet(request, response)) return;
    const excluded = new Set(query.getAll('exclude'));
    const reason = await ill(parts, excluded, query.get('serializable') === 'true');
    counts[reason === '' ? 'successes' : 'failures']++;
    const body = JSON.stringify({ health: String(reason === ''), reason });
    if (reason !== '') {
      answerText(response, 503, body);
      return;
    }
    answer(response, 200, 'text/plain; charset=utf-8', body);
  };
}

async function ill(
  parts: HealthParts,
  excluded: ReadonlySet<string>,
  serializable: boolean,
): Promise<string> {
  const alarm = parts.alarms().find((name) => !excluded.has(name));
  if (alarm !== undefined) return `ALARM ${alarm}`;
  if (!serializable && !parts.hasLeader()) return 'RAFT NO LEADER';
  try {
    await parts.read(serializable);
    return '';
  } catch (thrown) {
    return `RANGE ERROR:${QuorateError.from(thrown).message}`;
  }
}

type Check = () => Promise<unknown>;
export type Checks = Readonly<Record<string, Check>>;

/** Restarting the process may help: it cannot read its own state. */
export function livezChecks({ read }: HealthParts): Checks {
  return { serializable_read: () => rangeError(read(true)) };
}

/** Whether clients should be sent here. */
export function readyzChecks({ read, alarms, isLearner }: HealthParts): Checks {
  return {
    data_corruption: () =>
      alarms().includes('CORRUPT')
        ? Promise.reject(new QuorateError('data-loss', 'alarm activated: CORRUPT'))
        : Promise.resolve(),
    serializable_read: () => rangeError(read(true)),
    linearizable_read: () => rangeError(read(false)),
    non_learner: () =>
      isLearner()
        ? Promise.reject(new QuorateError('unavailable', 'not supported for learner'))
        : Promise.resolve(),
  };
}

async function rangeError(read: Promise<unknown>): Promise<void> {
  try {
    await read;
  } catch (thrown) {
    const { code, message } = QuorateError.from(thrown);
    throw new QuorateError(code, `range error: ${message}`);
  }
}

/**
 * `/livez` or `/readyz`: all checks but the excluded ones, or the one of a path below it. What
 * failed is always listed, the rest with `?verbose`.
 */
export function checksHandler(kind: string, checks: Checks, counts: HealthCounts): HttpHandler {
  return async (request, response, query) => {
    if (refuseOtherThanGet(request, response)) return;
    const [, , only] = (request.url ?? '').split(/[/?]/);
    const excluded = query.getAll('exclude');
    const chosen = Object.entries(checks).filter(([name]) =>
      only && only in checks ? name === only : !excluded.includes(name),
    );
    const results = await Promise.all(
      chosen.map(async ([name, check]) => {
        const failure = await check().then(
          () => undefined,
          (thrown: unknown) => QuorateError.from(thrown).message,
        );
        counts.count(kind, name, failure === undefined);
        return { name, failure };
      }),
    );
    const lines = results.map(({ name, failure }) =>
      failure === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${failure}\n`,
    );
    const healthy = results.every(({ failure }) => failure === undefined);
    const told = healthy && !query.has('verbose') ? '' : lines.join('');
    answerText(response, healthy ? 200 : 503, healthy ? `${told}ok` : told);
  };
}
