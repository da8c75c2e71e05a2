import type { Rng } from '#shared/base';

/** Kubernetes' alphabet: no vowels and nothing that looks like another, so no words appear. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** The five characters that follow a generateName. */
export function nameSuffix(rng: Rng): string {
  return Array.from({ length: 5 }, () => alphabet[rng.int(alphabet.length)]).join('');
}
