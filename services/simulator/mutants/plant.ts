import { registerHooks } from 'node:module';
import { QuorateError } from '#shared/base';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';

export { mutants };

/**
 * Puts a mutant into the modules that are loaded from now on, by changing their text: code without it
 * pays nothing for it. A place that is not there any more is an error, not a mutant that does nothing.
 */
export function plant(name: string): void {
  const mutant = mutants.find((each) => each.name === name);
  if (!mutant) {
    throw new QuorateError(
      'bad-request',
      `there is no mutant "${name}": --mutant list names them all`,
    );
  }
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const patches = mutant.patches.filter(({ file }) => isOf(url, file));
      if (patches.length === 0 || loaded.source === undefined || loaded.source === null)
        return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString();
      for (const patch of patches) source = applied(mutant, patch, source);
      return { ...loaded, source };
    },
  });
}

function isOf(url: string, file: string): boolean {
  const path = url.replace(/\.[jt]s$/, '');
  return path.endsWith(`/${file}`);
}

/** Formatting may differ between source and build: what is not a space must be the same. */
export function applied(
  { name }: Pick<Mutant, 'name'>,
  { file, find, replace }: Mutant['patches'][number],
  source: string,
): string {
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(find.trim().split(/\s+/).map(escaped).join('\\s*'), 'g');
  const places = source.match(pattern)?.length ?? 0;
  if (places !== 1) {
    throw new QuorateError(
      'internal',
      `mutant ${name} fits ${places} places of ${file} instead of one: it must be told where it belongs now`,
    );
  }
  return source.replace(pattern, () => replace);
}
