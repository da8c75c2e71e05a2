import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScenario } from './testing/datadriven.ts';
import { Interaction } from './testing/interaction.ts';

// `UPDATE=1 vitest run shared/raft` writes the output that came into the files; read the difference.
const folder = new URL('./testdata/', import.meta.url);

describe('scenarios', () => {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.txt'))) {
    it(`tells ${name}`, () => {
      const file = new URL(name, folder);
      const text = readFileSync(file, 'utf8');
      const interaction = new Interaction();
      const came = runScenario(text, (command) => interaction.run(command));
      if (process.env['UPDATE'] === '1') writeFileSync(file, came);
      expect(came).toBe(readFileSync(file, 'utf8'));
    });
  }
});
