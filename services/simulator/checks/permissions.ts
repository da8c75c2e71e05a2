import { BrokenPromise } from '#shared/checks';
import { anonymous } from '#services/store';
import type { Span } from '../clients/queries.ts';
import type { Access, LeaseRead, LeaseRenewal } from '../clients/recorder.ts';
import { type Access as Touch, AuthModel } from './model/auth.ts';
import { text } from './model/check.ts';
import type { Past } from './past.ts';
import type { StateLog } from './state-log.ts';

interface Since {
  readonly atMs: number;
  readonly auth: AuthModel;
}

interface Token {
  readonly user: string;
  readonly fromMs: number;
  toMs: number;
}

/**
 * Who reads may do so at some moment between question and answer, with a token that was good then; who
 * is refused may not. Who renews a lease may write all that hangs on it, by what their member knows. Who writes
 * is judged by the model.
 */
export class PermissionCheck {
  readonly #history: Since[] = [{ atMs: 0, auth: new AuthModel() }];
  readonly #tokens = new Map<string, Token>();

  constructor({ entries }: StateLog) {
    for (const { index, operation, error, atMs } of entries) {
      if (operation?.type !== 'auth' || error !== undefined) continue;
      const { change } = operation;
      const auth = this.#last.changed(change);
      if (typeof auth !== 'string') this.#history.push({ atMs, auth });
      if (change.action === 'authenticate') {
        const token = { user: change.user, fromMs: atMs, toMs: Infinity };
        this.#tokens.set(`${change.tokenPrefix}.${index}`, token);
      } else if (change.action === 'disable') this.#end(atMs, () => true);
      else if (change.action === 'user-delete' || change.action === 'user-change-password')
        this.#end(atMs, ({ user }) => user === change.user);
    }
  }

  get #last(): AuthModel {
    return this.#history.at(-1)?.auth ?? new AuthModel();
  }

  #end(atMs: number, which: (token: Token) => boolean): void {
    for (const token of this.#tokens.values()) {
      if (which(token)) token.toMs = Math.min(token.toMs, atMs);
    }
  }

  run(accesses: readonly Access[]): void {
    for (const access of accesses) {
      const { user, token, endpoint, asked, spans, serializable, fromMs, toMs, denied } = access;
      // Who reads what may be old is looked at by what may be old.
      const within = this.#between(serializable ? 0 : fromMs, toMs);
      const answers = within.map((auth) => mayReadAll(auth, user, spans));
      const lived = this.#tokens.get(token ?? '');
      const shown =
        serializable ||
        within.some(({ enabled }) => !enabled) ||
        (lived?.user === user && lived.fromMs <= toMs && lived.toMs >= fromMs);
      const right = denied ? answers.some((why) => why !== '') : answers.includes('') && shown;
      if (right) continue;
      throw new BrokenPromise(
        `${user} at ${endpoint}, ${Math.round(fromMs)} ms: ${text(asked)} was ${denied ? 'refused' : 'answered'}, with ${token ?? 'no token'}; right: ${answers.join() || 'allowed'}`,
      );
    }
  }

  /** The keys of a lease are told to whoever may read them all. */
  leases(reads: readonly LeaseRead[], past: Past): void {
    for (const { user, lease, fromMs, toMs, denied } of reads) {
      const [from, to] = [past.revisionAt(fromMs), past.revisionAt(toMs)];
      const within = this.#between(fromMs, toMs);
      let right = false;
      for (let revision = from; revision <= to && !right; revision++) {
        const keys = past.rangeAt('\0', '\0', revision).filter((kv) => kv.lease === String(lease));
        right = within.some(
          (auth) => keys.every(({ key }) => mayRead(auth, user, key) === '') !== denied,
        );
      }
      if (right) continue;
      throw new BrokenPromise(
        `${user} asked for the keys of lease ${lease} at ${Math.round(fromMs)} ms and was ${denied ? 'refused' : 'answered'}`,
      );
    }
  }

  renewals(renewals: readonly LeaseRenewal[], past: Past): void {
    for (const { user, lease, atMs, enabled, authRevision, revision, denied } of renewals) {
      const auth = this.#history.find(
        (each) => each.auth.enabled === enabled && each.auth.revision === authRevision,
      )?.auth;
      const keys = past
        .rangeAt('\0', '\0', revision)
        .filter((kv) => kv.lease === String(lease))
        .map(({ key }) => key);
      const may = !auth || keys.every((key) => mayTouch(auth, user, 'write', key) === '');
      if (may !== denied) continue;
      throw new BrokenPromise(
        `${user} asked to renew lease ${lease} of [${keys.join()}] at ${Math.round(atMs)} ms and was ${denied ? 'refused' : 'answered'}`,
      );
    }
  }

  /** All that were in force at some moment of it. */
  #between(fromMs: number, toMs: number): AuthModel[] {
    return this.#history
      .filter(({ atMs }, i) => atMs <= toMs && (this.#history[i + 1]?.atMs ?? Infinity) >= fromMs)
      .map(({ auth }) => auth);
  }
}

const mayRead = (auth: AuthModel, user: string, key: string, rangeEnd?: string): string =>
  mayTouch(auth, user, 'read', key, rangeEnd);

function mayReadAll(auth: AuthModel, user: string, spans: readonly Span[]): string {
  const answers = spans.map(([key, rangeEnd]) => mayRead(auth, user, key, rangeEnd));
  return answers.find((why) => why !== '') ?? '';
}

/** Why not; empty: they may. */
function mayTouch(
  auth: AuthModel,
  user: string,
  access: Touch,
  key: string,
  rangeEnd?: string,
): string {
  const caller = auth.enabled ? { user, authRevision: auth.revision } : anonymous;
  return auth.keys(caller, access, key, rangeEnd);
}
