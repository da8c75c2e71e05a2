import type { Mutant } from './mutant.ts';
import { slip } from './slip.ts';

/** Of locks and elections. */
export const lineMutants: readonly Mutant[] = [
  slip(
    'lock-not-looked-at-again',
    'who waited for a lock has it, though their lease is over',
    'services/store/recipes/lock',
    'const header = await stillHeld(kv, place);',
    'const { header } = place;',
  ),
  slip(
    'leader-not-looked-at-again',
    'who stood for an election leads, though their lease is over',
    'services/store/recipes/election',
    'if (!(await stillHeld(kv, place))) throw notLeader();',
    '',
  ),
  slip(
    'waits-for-the-next-one-only',
    'who waits in a line has it when the one before goes, who may have waited too',
    'services/store/recipes/queue',
    'await deleted(kv, before.key, header.revision + 1, signal);',
    'await deleted(kv, before.key, header.revision + 1, signal); return;',
  ),
  slip(
    'release-missed',
    'who waits does not hear of what happens right behind their look',
    'services/store/recipes/queue',
    'await deleted(kv, before.key, header.revision + 1, signal);',
    'await deleted(kv, before.key, header.revision + 2, signal);',
  ),
  slip(
    'deletion-told-as-leader',
    'observers are told of a leader that is none any more',
    'services/store/recipes/election',
    'if (change.kv.version === 0) break;',
    '',
  ),
  slip(
    'observer-skips-a-word',
    'observers do not hear of what happens right behind their look',
    'services/store/recipes/election',
    'startRevision: now.header.revision + 1 };',
    'startRevision: now.header.revision + 2 };',
  ),
  slip(
    'impatient-stays-in-line',
    'who goes away while they wait for a lock keeps their place',
    'services/store/recipes/lock',
    'await kv.deleteRange({ key: place.key }); throw thrown;',
    'throw thrown;',
  ),
  slip(
    'waiting-lease-not-renewed',
    'the lease of who waits in a line is not kept alive',
    'services/store/recipes/session',
    'void session.#renew();',
    '',
  ),
  slip(
    'word-of-anybody',
    'who leads no more can still speak',
    'services/store/recipes/election',
    "compare: [{ key, target: 'create', result: 'equal', revision }], success: [operation],",
    'compare: [], success: [operation],',
  ),
  slip(
    'lines-share-a-beginning',
    'a line has the places of those whose names begin like its own',
    'services/store/recipes/queue',
    'key: `${name}/`,',
    'key: name,',
  ),
];
