import { describe, expect, it } from 'vitest';
import { formatJson, formatObjects, formatYaml, parseOutput } from './format.ts';
import { compileTemplate } from './jsonpath.ts';

const list = {
  kind: 'List',
  items: [
    {
      metadata: { name: 'a', labels: { 'app.kubernetes.io/name': 'x' } },
      status: { conditions: [{ type: 'Ready', status: 'True' }], n: 1 },
    },
    {
      metadata: { name: 'b' },
      status: { conditions: [{ type: 'Ready', status: 'False' }], n: 2 },
    },
  ],
};

describe('jsonpath', () => {
  it.each([
    ['{.kind}', 'List'],
    ['.kind', 'List'],
    ['kind', 'List'],
    ['{.items[*].metadata.name}', 'a b'],
    ['{.items[0].metadata.name}', 'a'],
    ['{.items[-1].metadata.name}', 'b'],
    ['{.items[0:1].metadata.name}', 'a'],
    ["{.items[0]['metadata']['name']}", 'a'],
    ['{.items[0].metadata.labels.app\\.kubernetes\\.io/name}', 'x'],
    ['{.items[0].metadata.labels}', '{"app.kubernetes.io/name":"x"}'],
    ['{range .items[*]}{.metadata.name}{"\\t"}{.status.n}{"\\n"}{end}', 'a\t1\nb\t2\n'],
    ['{.items[?(@.metadata.name=="b")].status.n}', '2'],
    ['{.items[?(@.status.n>1)].metadata.name}', 'b'],
    ['{.items[0].status.conditions[?(@.type=="Ready")].status}', 'True'],
    ['{..name}', 'a b'],
    ['name: {.items[0].metadata.name}!', 'name: a!'],
    ['{.missing.field}', ''],
    ['{$.kind}', 'List'],
  ])('%s', (template, expected) => expect(compileTemplate(template)(list)).toBe(expected));

  it.each(['{.a', '{.a[}', '{range .a}', '{end}', '{.a[x]}', '{.a[?(b)]}'])(
    'refuses %s',
    (template) => {
      expect(() => compileTemplate(template)).toThrow(/error parsing jsonpath/);
    },
  );
});

describe('-o', () => {
  it('says what is allowed', () => {
    expect(() => parseOutput('xml')).toThrow('allowed formats are');
    expect(() => parseOutput('jsonpath')).toThrow('no template given');
    expect(parseOutput('jsonpath={.a}=b')).toEqual({ type: 'jsonpath', template: '{.a}=b' });
  });

  it('prints keys in order', async () => {
    expect(formatJson({ b: 1, a: [{ d: 1, c: 2 }] })).toBe(
      '{\n    "a": [\n        {\n            "c": 2,\n            "d": 1\n        }\n    ],\n    "b": 1\n}\n',
    );
    expect(await formatYaml({ b: 'yes', a: [{ c: '1' }] })).toBe('a:\n- c: "1"\nb: "yes"\n');
  });

  it('prints custom columns', async () => {
    const format = parseOutput('custom-columns=NAME:.metadata.name,APP:.metadata.labels.app');
    if (format.type !== 'custom-columns') throw new Error('not the format asked for');
    const objects = [
      { metadata: { name: 'a', labels: { app: 'x' } } },
      { metadata: { name: 'b' } },
    ];
    expect(await formatObjects(format, objects, { single: false })).toBe(
      'NAME   APP\na      x\nb      <none>\n',
    );
  });
});
