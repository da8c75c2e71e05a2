import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Scenario } from './testing/scenario.ts';

/*
 * testdata/*.txt: a command, `----`, what it prints, an empty line. Lines with `#` tell the story.
 * UPDATE=1 writes what is printed into the files: read the difference before committing it.
 */
const folder = new URL('testdata/', import.meta.url);

for (const file of readdirSync(folder)) {
  test(`scenario ${file}`, () => {
    const path = new URL(file, folder);
    const written = readFileSync(path, 'utf8');
    const scenario = new Scenario();
    const happened = written
      .trimEnd()
      .split(/\n\n+/)
      .map((block) => {
        const lines = block.split('\n');
        const comments = lines.filter((line) => line.startsWith('#'));
        const end = lines.indexOf('----');
        const command = lines
          .slice(0, end < 0 ? undefined : end)
          .filter((line) => !line.startsWith('#'));
        if (command.length === 0) return block;
        const output = scenario.run(command.join('\n'));
        return [...comments, ...command, '----', output].join('\n');
      })
      .join('\n\n');
    const update = process.env['UPDATE'] === '1';
    if (update) writeFileSync(path, `${happened}\n`);
    expect(`${happened}\n`).toBe(update ? `${happened}\n` : written);
  });
}
