/** On whose behalf something is asked. */
export interface Caller {
  /** Empty: nobody in particular. */
  readonly user: string;
  /** Of the auth table when the caller was recognized; 0 where nobody was. */
  readonly authRevision: number;
  /** The store itself, or a part of its own process: may do everything. */
  readonly trusted?: true;
}

/** Nobody showed who they are: may do everything while auth is disabled, and nothing after. */
export const anonymous: Caller = { user: '', authRevision: 0 };

export const trusted: Caller = { user: '', authRevision: 0, trusted: true };
