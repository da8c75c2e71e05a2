import { describe, expect, test } from 'vitest';
import { downgrade } from './downgrade.ts';

describe('downgrade', () => {
  test.each(['3.4', '3.4.0', '3.4.23'])('to %s, one minor release down, is valid', (target) => {
    expect(downgrade('VALIDATE', target, '3.5.0')).toBe('3.5.0');
  });

  test.each(['3.5', '3.3', '3.6.0', '2.4'])('to %s is not', (target) => {
    expect(() => downgrade('VALIDATE', target, '3.5.0')).toThrow(
      'etcdserver: invalid downgrade target version',
    );
  });

  test.each(['', '3', 'v3.4', '3.4.0.1', 'latest', '9'.repeat(50)])(
    '%j is no version',
    (target) => {
      expect(() => downgrade('VALIDATE', target, '3.5.0')).toThrow(
        'etcdserver: wrong downgrade target version format',
      );
    },
  );

  test('is never begun, and says what to do instead', () => {
    expect(() => downgrade('ENABLE', '3.4', '3.5.0')).toThrow('etcdctl make-mirror');
    expect(() => downgrade('CANCEL', '', '3.5.0')).toThrow('no inflight downgrade job');
  });
});
