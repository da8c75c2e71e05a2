import { describe, expect, it } from 'vitest';
import { createLogger } from './log.ts';
import { formatLogLine } from './log-text.ts';

describe('formatLogLine', () => {
  it('puts time, level, component, message and fields on one line', () => {
    const line = JSON.stringify({
      level: 'info',
      ts: '2026-11-22T10:11:12.345Z',
      component: 'raft',
      msg: 'became leader',
      term: 4,
      peer: 'master 2',
    });
    expect(formatLogLine(line)).toBe(
      '10:11:12.345 INFO  raft: became leader term=4 peer="master 2"',
    );
  });

  it('leaves lines alone that no logger of ours wrote', () => {
    expect(formatLogLine('Segmentation fault\n')).toBe('Segmentation fault');
    expect(formatLogLine('{"not":"ours"}')).toBe('{"not":"ours"}');
    expect(formatLogLine('{broken')).toBe('{broken');
  });

  it('puts the stack of an error on lines of its own', () => {
    const lines: string[] = [];
    const log = createLogger(
      { level: 'info', component: 'store', format: 'text' },
      { write: (line) => void lines.push(line) },
    );
    log.error({ err: new Error('disk full'), file: 'x' }, 'cannot write');
    expect(lines[0]).toMatch(/ ERROR store: cannot write file=x\n {2}Error: disk full\n {6}at /);
  });

  it('keeps fields of child loggers', () => {
    const lines: string[] = [];
    const log = createLogger(
      { level: 'info', component: 'store' },
      { write: (line) => void lines.push(line) },
    );
    log.child({ component: 'wal' }).info({}, 'open');
    log.debug({}, 'not shown');
    expect(lines).toHaveLength(1);
    expect(formatLogLine(lines[0] ?? '')).toMatch(/INFO {2}wal: open$/);
  });
});
