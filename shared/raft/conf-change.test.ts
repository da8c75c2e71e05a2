import { describe, expect, it } from 'vitest';
import { changeConf, describeConf } from './conf-change.ts';
import { decodeConfChange, encodeConfChange, tryDecodeConfChange } from './conf-change-codec.ts';
import { noConf } from './testing/member.ts';
import type { ConfChange, ConfState } from './types.ts';

const context = Uint8Array.of(1, 2, 3);

function change(text: string, joint?: ConfChange['joint']): ConfChange {
  const changes = text
    .split(' ')
    .filter(Boolean)
    .map((part) => {
      const [type, id] = part.split(':');
      return { type: type as 'add-voter' | 'add-learner' | 'remove', nodeId: Number(id) };
    });
  return { changes, joint, context };
}

function after(conf: ConfState, each: ConfChange): string {
  const result = changeConf(conf, each);
  return result.ok ? describeConf(result.conf) : result.problem;
}

const three: ConfState = { ...noConf, voters: [1, 2, 3], learners: [4] };
const joint: ConfState = {
  ...three,
  votersOutgoing: [1, 2, 5],
  learnersNext: [5],
  autoLeave: true,
};

describe('changeConf', () => {
  it.each([
    ['add-voter:5', 'voters=1,2,3,5 learners=4'],
    ['add-voter:4', 'voters=1,2,3,4'],
    ['add-learner:3', 'voters=1,2 learners=3,4'],
    ['remove:4', 'voters=1,2,3'],
    ['remove:9', 'voters=1,2,3 learners=4'],
    ['remove:1 add-voter:5', 'voters=2,3,5 outgoing=1,2,3 learners=4 auto-leave'],
    ['add-learner:1 remove:4', 'voters=2,3 outgoing=1,2,3 learners-next=1 auto-leave'],
    ['remove:1 remove:2 remove:3', 'no voter would be left'],
    ['', 'there is no joint configuration to leave'],
  ])('three voters and a learner, %s', (text, expected) => {
    expect(after(three, change(text))).toBe(expected);
  });

  it('goes through a joint configuration when told to, and stays in an explicit one', () => {
    expect(after(three, change('add-voter:5', 'implicit'))).toContain('auto-leave');
    expect(after(three, change('add-voter:5', 'explicit'))).not.toContain('auto-leave');
  });

  it('leaves a joint one before anything else', () => {
    expect(after(joint, change('add-voter:6'))).toBe('the joint configuration must be left first');
    expect(after(joint, change(''))).toBe('voters=1,2,3 learners=4,5');
  });
});

describe('encoding', () => {
  it.each([
    change(''),
    change('add-voter:1 add-learner:127 remove:128', 'explicit'),
    change(`add-voter:${Number.MAX_SAFE_INTEGER} remove:16384`, 'implicit'),
  ])('of %j comes back', (each) => {
    expect(decodeConfChange(encodeConfChange(each))).toEqual({
      ...each,
      joint: each.joint ?? 'auto',
    });
  });

  it('refuses what it cannot have written', () => {
    const good = encodeConfChange({ ...change('add-voter:300'), context: new Uint8Array() });
    for (let length = 0; length < good.length; length += 1) {
      expect(tryDecodeConfChange(good.subarray(0, length))).toBeUndefined();
    }
    expect(() => decodeConfChange(Uint8Array.of(9, 0, 0))).toThrow('not the encoding');
    expect(tryDecodeConfChange(Uint8Array.of(1, 0, 1, 0, 0))).toBeUndefined();
  });
});
