import { describe, expect, it } from 'vitest';
import { parseIpRange } from './ip-range.ts';

describe('an IP range', () => {
  it('counts its addresses from the first', () => {
    const range = parseIpRange('--service-cidr', '127.96.0.0/16');
    expect(range.size).toBe(65_536);
    expect(range.address(1)).toBe('127.96.0.1');
    expect(range.address(65_534)).toBe('127.96.255.254');
    expect(range.position('127.96.1.0')).toBe(256);
    expect(range.position('127.97.0.0')).toBeUndefined();
    expect(range.position('None')).toBeUndefined();
  });

  it.each(['', '127.96.0.0', '127.96.0.1/16', '127.96.0.0/33', '300.0.0.0/8', 'a/8'])(
    'refuses "%s" and names the setting',
    (cidr) => {
      expect(() => parseIpRange('--service-cidr', cidr)).toThrow('for --service-cidr');
    },
  );
});
