import { describe, expect, it } from 'vitest';
import { limitsOf, remember, stabilized, untold } from './scaling-rules.ts';

const none = untold;
const pods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds });
const percent = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds });

describe('limits of the rate', () => {
  it('are double or four, and none downwards, where nothing is said', () => {
    expect(limitsOf(undefined, 1, none, 0)).toEqual({ lowest: 0, highest: 4 });
    expect(limitsOf(undefined, 10, none, 0)).toEqual({ lowest: 0, highest: 20 });
  });

  it('are those of the policy that lets most happen, or least', () => {
    const policies = [pods(4), percent(50)];
    const rules = (selectPolicy: string) => ({
      scaleUp: { selectPolicy, policies },
      scaleDown: { selectPolicy, policies },
    });
    expect(limitsOf(rules('Max'), 11, none, 0)).toEqual({ lowest: 5, highest: 17 });
    expect(limitsOf(rules('Min'), 11, none, 0)).toEqual({ lowest: 7, highest: 15 });
    expect(limitsOf(rules('Disabled'), 11, none, 0)).toEqual({ lowest: 11, highest: 11 });
  });

  it('count from the size that the period began with', () => {
    const rules = { scaleUp: { policies: [pods(4)] }, scaleDown: { policies: [pods(4)] } };
    const history = remember(remember(none, 13, 3, 0), 10, -1, 50_000);
    expect(limitsOf(rules, 12, history, 55_000)).toEqual({ lowest: 6, highest: 14 });
    expect(limitsOf(rules, 12, history, 70_000)).toEqual({ lowest: 9, highest: 17 });
    expect(limitsOf(rules, 12, history, 200_000)).toEqual({ lowest: 8, highest: 16 });
    // More was added than is allowed now: it stays, and no more comes.
    expect(limitsOf({ scaleUp: { policies: [pods(1)] } }, 13, history, 40_000).highest).toBe(13);
  });
});

describe('stabilization', () => {
  const history = [8, 3, 6].reduce((all, size, i) => remember(all, size, 0, i * 100_000), none);
  const windows = (up: number, down: number) => ({
    scaleUp: { stabilizationWindowSeconds: up },
    scaleDown: { stabilizationWindowSeconds: down },
  });

  it('goes up at once and down after five minutes, where nothing is said', () => {
    expect(stabilized(undefined, 9, 5, history, 250_000)).toBe(9);
    expect(stabilized(undefined, 2, 9, history, 250_000)).toBe(8);
    expect(stabilized(undefined, 2, 9, history, 310_000)).toBe(6);
  });

  it('holds the size that an autoscaler finds for its window', () => {
    const found = remember(untold, 2, 0, 0);
    expect(stabilized(undefined, 1, 2, found, 299_000)).toBe(2);
    expect(stabilized(undefined, 1, 2, found, 301_000)).toBe(1);
  });

  it('takes the least of the one window, the most of the other', () => {
    expect(stabilized(windows(200, 0), 9, 2, history, 250_000)).toBe(3);
    expect(stabilized(windows(100, 0), 9, 2, history, 250_000)).toBe(6);
    expect(stabilized(windows(0, 0), 1, 5, history, 250_000)).toBe(1);
    // Neither way for now.
    expect(stabilized(windows(200, 300), 9, 5, history, 250_000)).toBe(5);
  });
});
