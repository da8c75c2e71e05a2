import { describe, expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import type { AuthChange } from '../auth/auth-table.ts';
import { SimpleTokens } from '../auth/simple-tokens.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { StateMachine } from './state-machine.ts';

const confState = {
  voters: [1],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};
const newBackend = () => new MemoryStorage(confState).backend;

const passwordHash = 'x';
const begin: AuthChange[] = [
  { action: 'user-add', user: 'root', passwordHash },
  { action: 'role-add', role: 'root' },
  { action: 'user-grant-role', user: 'root', role: 'root' },
  { action: 'user-add', user: 'u', passwordHash },
  { action: 'enable' },
  { action: 'authenticate', user: 'u', tokenPrefix: 'token' },
];
const token = `token.${begin.length}`;

describe('a snapshot that takes the place of everything', () => {
  const tokens = new SimpleTokens({
    clock: new ManualClock(),
    ttlSeconds: 300,
    randomInt: () => 0,
    appliedIndex: () => 100,
    caughtUp: () => Promise.resolve(),
  });
  const stateWith = (changes: readonly AuthChange[]) => {
    const backend = newBackend();
    const state = new StateMachine(backend, () => undefined, tokens);
    const caller = { user: 'root', authRevision: 100 };
    for (const [i, change] of changes.entries()) {
      state.apply({ type: 'auth', change, caller }, i + 1);
    }
    return { state, backend };
  };

  test('ends the tokens that its changes of users may have ended', async () => {
    const after: AuthChange[] = [
      ...begin,
      { action: 'user-change-password', user: 'u', passwordHash: 'y' },
    ];
    const { backend: changed } = stateWith(after);
    const { backend: same } = stateWith(begin);
    const { state } = stateWith(begin);
    state.replace(same);
    expect(await tokens.recognize(token, 6)).toMatchObject({ user: 'u' });
    state.replace(changed);
    expect(await tokens.recognize(token, 6)).toBeUndefined();
  });
});
