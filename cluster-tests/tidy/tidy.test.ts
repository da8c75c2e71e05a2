import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rules } from './rules.ts';

const root = join(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('rules', () => {
  test.each(rules)('$name: catches what it should', (rule) => {
    expect(rule.forbids.test(rule.caught)).toBe(true);
    expect(rule.forbids.test(rule.fine)).toBe(false);
  });

  test.each(rules)('$name', (rule) => {
    const broken: string[] = [];
    for (const path of tracked.filter((candidate) => rule.applies(candidate))) {
      for (const [index, line] of read(path).split('\n').entries()) {
        const code = rule.name === 'nothing is left over' ? line : withoutComment(line);
        if (rule.forbids.test(code)) broken.push(`${path}:${index + 1}: ${line.trim()}`);
      }
    }
    expect(broken, `instead: ${rule.instead}`).toEqual([]);
  });
});

test('every folder of shared/ and services/ has a README and a door', () => {
  for (const layer of ['shared', 'services']) {
    for (const folder of readdirSync(join(root, layer))) {
      const files = readdirSync(join(root, layer, folder));
      expect(files, `${layer}/${folder}`).toContain('README.md');
      const door = `${layer}/${folder}` === 'services/cli' ? 'main.ts' : 'index.ts';
      expect(files, `${layer}/${folder}`).toContain(door);
    }
  }
});

test('every Markdown file has one title, on its first line', () => {
  for (const path of tracked.filter((candidate) => candidate.endsWith('.md'))) {
    const outsideFences = read(path).replace(/^```[\s\S]*?^```/gm, '');
    const titles = outsideFences.split('\n').filter((line) => line.startsWith('# '));
    expect(titles, path).toHaveLength(1);
    expect(read(path).startsWith('# '), path).toBe(true);
  }
});

test('links between Markdown files lead somewhere', () => {
  for (const path of tracked.filter((candidate) => candidate.endsWith('.md'))) {
    for (const [, target] of read(path).matchAll(
      /\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g,
    )) {
      expect(existsSync(join(root, path, '..', target ?? '')), `${path} → ${target}`).toBe(true);
    }
  }
});

function withoutComment(line: string): string {
  return /^\s*(\/\/|\/?\*)/.test(line) ? '' : line.replace(/\s\/\/ .*$/, '');
}
