import { describe, expect, it } from 'vitest';
import { QuorateError } from '#shared/base';
import { CommandError, describeError } from './command-error.ts';
import { labelOutcome, splitArguments } from './objects/change-map.ts';
import {
  generateConfigMap,
  generateDeployment,
  generateSecret,
  parseLiteral,
} from './create/generators.ts';
import { parseDuration } from './objects/duration.ts';
import { verbFirst } from './program.ts';
import { rolloutProgress } from './rollout/progress.ts';
import { wantsColor } from './terminal.ts';
import { applyTaints, parseTaint } from './verbs/taint.ts';
import { parseWish } from './verbs/wait.ts';

describe('errors', () => {
  const notFound = new QuorateError('not-found', 'pods "x" not found');

  it('are worded as kubectl’s', () => {
    expect(describeError(notFound)).toBe('Error from server (NotFound): pods "x" not found');
    expect(describeError(notFound, { doing: 'creating', source: 'f.yaml' })).toBe(
      'Error from server (NotFound): error when creating "f.yaml": pods "x" not found',
    );
    expect(describeError(new CommandError('no', { hint: 'do this' }))).toBe('error: no\ndo this');
    expect(describeError(new Error('bug'))).toBe('error: bug');
  });

  it('list every wrong field', () => {
    const cause = (field: string) => ({ field, message: 'Required value', reason: 'x' });
    const invalid = (...fields: string[]): QuorateError =>
      new QuorateError('invalid', 'all of it', {
        details: { kind: 'Pod', name: 'x', causes: fields.map(cause) },
      });
    expect(describeError(invalid('spec.a'))).toBe('The Pod "x" is invalid: spec.a: Required value');
    expect(describeError(invalid('spec.a', 'spec.b'))).toBe(
      'The Pod "x" is invalid: \n* spec.a: Required value\n* spec.b: Required value',
    );
  });

  it('without a server say what to do', () => {
    expect(describeError(new QuorateError('unavailable', 'no connection'))).toContain('quorate up');
  });
});

describe('create', () => {
  it('makes what kubectl makes of the same flags', () => {
    const options = { image: 'r.io/a/my_app:1', replicas: 2, port: 80, command: ['sleep', '1'] };
    expect(generateDeployment('x', options).spec?.template).toEqual({
      metadata: { labels: { app: 'x' } },
      spec: {
        containers: [
          {
            name: 'my-app',
            image: 'r.io/a/my_app:1',
            command: ['sleep', '1'],
            ports: [{ containerPort: 80 }],
          },
        ],
      },
    });
    const entries = new Map([parseLiteral('a=b=c'), ['raw', Uint8Array.of(0xff)] as const]);
    expect(generateConfigMap('x', entries)).toMatchObject({
      data: { a: 'b=c' },
      binaryData: { raw: '/w==' },
    });
    expect(generateSecret('x', entries, undefined).data).toEqual({ a: 'Yj1j', raw: '/w==' });
    expect(() => parseLiteral('a')).toThrow('expected key=value');
  });
});

describe('arguments', () => {
  it('may have global flags before the verb', () => {
    expect(verbFirst(['-n', 'x', '--server=a:1', 'get', 'pods', '-w'])).toEqual([
      'get',
      '-n',
      'x',
      '--server=a:1',
      'pods',
      '-w',
    ]);
    expect(verbFirst(['get', 'pods'])).toEqual(['get', 'pods']);
    expect(verbFirst([])).toEqual([]);
  });

  it('of label are set or removed', () => {
    expect(splitArguments(['pods', 'a', 'x=1', 'y-'], 'labels')).toEqual({
      names: ['pods', 'a'],
      change: { set: { x: '1' }, remove: ['y'] },
    });
    expect(() => splitArguments(['pods', 'a', 'x=1', 'x-'], 'labels')).toThrow('both');
  });

  it('of label end in kubectl’s words', () => {
    expect(labelOutcome({ a: '1' }, { a: '1' })).toBe('not labeled');
    expect(labelOutcome({ a: '1' }, { a: '2', b: '3' })).toBe('labeled');
    expect(labelOutcome({ a: '1' }, {})).toBe('unlabeled');
    expect(labelOutcome({ a: '1' })).toBe('unlabeled');
  });

  it('of taint are checked and applied', () => {
    const taints = applyTaints('n', [], [parseTaint('a=1:NoSchedule')], false);
    expect(taints).toEqual([{ key: 'a', value: '1', effect: 'NoSchedule' }]);
    expect(() => applyTaints('n', taints, [parseTaint('a=2:NoSchedule')], false)).toThrow(
      '--overwrite is false',
    );
    expect(() => applyTaints('n', taints, [parseTaint('a=1:NoSchedule')], false)).toThrow(
      'already has a taint(s) with same effect(s)',
    );
    expect(applyTaints('n', taints, [parseTaint('a-')], false)).toEqual([]);
    expect(() => parseTaint('a=1:Never')).toThrow('invalid taint effect');
  });

  it('of wait are wishes', () => {
    const ready: object = { status: { conditions: [{ type: 'Ready', status: 'True' }], n: 2 } };
    expect(parseWish('condition=ready')(ready)).toBe(true);
    expect(parseWish('condition=Ready=false')(ready)).toBe(false);
    expect(parseWish('jsonpath={.status.n}=2')(ready)).toBe(true);
    expect(parseWish("jsonpath='{.status.n}'=3")(ready)).toBe(false);
    expect(parseWish('delete')(undefined)).toBe(true);
    expect(() => parseWish('never')).toThrow('unrecognized condition');
  });

  it('that are durations are Go’s, or seconds', () => {
    expect(parseDuration('--timeout', '1m30s')).toBe(90_000);
    expect(parseDuration('--timeout', '500ms')).toBe(500);
    expect(parseDuration('--timeout', '2')).toBe(2_000);
    expect(() => parseDuration('--timeout', 'soon')).toThrow('invalid duration');
  });
});

describe('rollout status', () => {
  const deployment = (status: object, generation = 1): Parameters<typeof rolloutProgress>[0] => ({
    metadata: { name: 'x', generation },
    spec: { replicas: 3, selector: {}, template: {} },
    status: { observedGeneration: 1, ...status },
  });
  it.each([
    [deployment({}, 2), 'Waiting for deployment spec update to be observed...'],
    [deployment({ updatedReplicas: 1 }), /: 1 out of 3 new replicas have been updated\.\.\.$/],
    [deployment({ updatedReplicas: 3, replicas: 4 }), /: 1 old replicas are pending termination/],
    [
      deployment({ updatedReplicas: 3, replicas: 3, availableReplicas: 2 }),
      /: 2 of 3 updated replicas are available/,
    ],
    [
      deployment({ updatedReplicas: 3, replicas: 3, availableReplicas: 3 }),
      'deployment "x" successfully rolled out',
    ],
  ])('%#', (object, message) => expect(rolloutProgress(object).message).toMatch(message));
});

describe('the terminal', () => {
  it('is coloured where somebody sees it, and nobody objects', () => {
    expect(wantsColor({}, true)).toBe(true);
    expect(wantsColor({}, false)).toBe(false);
    expect(wantsColor({ NO_COLOR: '1' }, true)).toBe(false);
    expect(wantsColor({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColor({ FORCE_COLOR: '0' }, true)).toBe(false);
  });
});
