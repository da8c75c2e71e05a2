import { describe, expect, it } from 'vitest';
import { choiceSetting, environmentName, integerSetting, setting } from './config.ts';

describe('settings', () => {
  it('come from the flag, then the environment', () => {
    const env = { QUORATE_DATA_DIR: '/from/env', QUORATE_LOG_LEVEL: '' };
    expect(environmentName('--data-dir')).toBe('QUORATE_DATA_DIR');
    expect(setting('--data-dir', '/flag', env)).toBe('/flag');
    expect(setting('--data-dir', undefined, env)).toBe('/from/env');
    expect(setting('--log-level', undefined, env)).toBeUndefined();
  });

  it('integers are checked, and the flag is named', () => {
    expect(integerSetting('--masters', '3', 1, 9)).toBe(3);
    for (const bad of ['', '3.5', '0', '10', 'x', '0x3']) {
      expect(() => integerSetting('--masters', bad, 1, 9)).toThrow(
        `invalid value "${bad}" for --masters: must be a whole number from 1 to 9`,
      );
    }
  });

  it('choices are checked', () => {
    expect(choiceSetting('-o', 'json', ['json', 'yaml'])).toBe('json');
    expect(() => choiceSetting('-o', 'xml', ['json', 'yaml'])).toThrow('json, yaml');
  });
});
