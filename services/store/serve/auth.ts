import type { Logger } from '#shared/runtime';
import type { AuthChange, AuthTable, Permission, Role } from '../auth/auth-table.ts';
import { type Caller, trusted } from '../auth/caller.ts';
import { authErrors } from '../auth/errors.ts';
import { decodeHash, type Passwords } from '../auth/passwords.ts';
import type { TokenProvider } from '../auth/tokens.ts';
import type { Outcome } from '../state/state-machine.ts';
import { headerNow, type Serving } from './context.ts';

/** What a user is given as password: the text, or a hash that was made elsewhere. */
export interface NewPassword {
  readonly password: string;
  /** bcrypt in base64; empty: none. */
  readonly hashedPassword: string;
}

/** Etcd's: everything, under whatever name the role was made. */
const rootPermission: Permission = { type: 'readwrite', key: '', rangeEnd: '\0' };

/**
 * etcd's Auth service without its wire. Passwords are hashed here, on the member that was asked:
 * nothing else is proposed, stored or logged of them.
 */
export class Auth {
  readonly #serving: Serving;
  readonly #tokens: TokenProvider;
  readonly #passwords: Pick<Passwords, 'hash' | 'matches'>;
  readonly #log: Logger;

  constructor(
    serving: Serving,
    tokens: TokenProvider,
    passwords: Pick<Passwords, 'hash' | 'matches'>,
    log: Logger,
  ) {
    this.#serving = serving;
    this.#tokens = tokens;
    this.#passwords = passwords;
    this.#log = log;
  }

  get enabled(): boolean {
    return this.#table.enabled;
  }

  /** By the token of a call; undefined: there is none. Throws where the token is no good. */
  async callerOf(token: string): Promise<Caller> {
    const caller = await this.#tokens.recognize(token, this.#table.revision);
    if (!caller) throw authErrors.invalidToken();
    return caller;
  }

  /** By the common name of a client certificate that was verified. */
  callerNamed(commonName: string): Caller {
    return { user: commonName, authRevision: this.#table.revision };
  }

  async status(): Promise<{ enabled: boolean; revision: number }> {
    await this.#serving.node.linearizable();
    const { enabled, revision } = this.#table;
    return { enabled, revision };
  }

  /** A token. */
  async authenticate(name: string, password: string): Promise<string> {
    await this.#serving.node.linearizable();
    for (;;) {
      const { revision } = this.#table;
      await this.#checkPassword(name, password);
      const token = await this.#tokens.issue(name, revision, async (tokenPrefix) => {
        const change = { action: 'authenticate', user: name, tokenPrefix } as const;
        return (await this.#propose(change, trusted)) as string;
      });
      // The password may have been changed while it was looked at.
      if (revision === this.#table.revision) return token;
    }
  }

  async addUser(name: string, password: NewPassword | undefined, caller: Caller): Promise<void> {
    const passwordHash = password ? await this.#hash(password) : '';
    await this.#propose({ action: 'user-add', user: name, passwordHash }, caller);
    this.#log.info({ user: name }, 'added a user');
  }

  async changePassword(name: string, password: NewPassword, caller: Caller): Promise<void> {
    const passwordHash = await this.#hash(password);
    await this.#propose({ action: 'user-change-password', user: name, passwordHash }, caller);
    this.#log.info({ user: name }, 'changed the password of a user');
  }

  /** Changes that need nothing but to be made. */
  async change(change: AuthChange, caller: Caller): Promise<void> {
    await this.#propose(change, caller);
    const { permission: _, ...told } = { permission: undefined, ...change };
    this.#log.info(told, 'changed users and roles');
  }

  /** Names of the roles. Everybody may ask about themselves. */
  async rolesOf(name: string, caller: Caller): Promise<readonly string[]> {
    await this.#serving.node.linearizable();
    if (caller.user !== name || name === '') this.#serving.state.authority.checkAdmin(caller);
    const user = this.#table.user(name);
    if (!user) throw authErrors.userNotFound();
    return user.roles;
  }

  /** Everybody may ask about the roles they have. */
  async role(name: string, caller: Caller): Promise<Role> {
    await this.#serving.node.linearizable();
    const own = this.#table.user(caller.user)?.roles.includes(name) === true;
    if (!own) this.#serving.state.authority.checkAdmin(caller);
    const role = this.#table.role(name);
    if (!role) throw authErrors.roleNotFound();
    return name === 'root' ? { name, permissions: [rootPermission] } : role;
  }

  async users(): Promise<readonly string[]> {
    await this.#serving.node.linearizable();
    return this.#table.users;
  }

  async roles(): Promise<readonly string[]> {
    await this.#serving.node.linearizable();
    return this.#table.roles;
  }

  header() {
    return headerNow(this.#serving);
  }

  get #table(): AuthTable {
    return this.#serving.state.auth;
  }

  async #checkPassword(name: string, password: string): Promise<void> {
    if (!this.#table.enabled) throw authErrors.notEnabled();
    const user = this.#table.user(name);
    if (!user) throw authErrors.failed();
    if (user.passwordHash === '') throw authErrors.noPasswordUser();
    if (await this.#passwords.matches(password, user.passwordHash)) return;
    this.#log.warn({ user: name }, 'a wrong password was given');
    throw authErrors.failed();
  }

  #hash({ password, hashedPassword }: NewPassword): Promise<string> {
    if (password === '' && hashedPassword !== '')
      return Promise.resolve(decodeHash(hashedPassword));
    return this.#passwords.hash(password);
  }

  async #propose(change: AuthChange, caller: Caller): Promise<unknown> {
    const outcome = await this.#serving.node.propose({ type: 'auth', change, caller });
    return (outcome as Outcome).result;
  }
}
