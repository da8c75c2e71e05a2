import { expect, test } from 'vitest';
import { duplicateFields } from './duplicate-fields.ts';

test.each([
  ['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}', []],
  ['{"data":{"a":"1","a":"2"}}', ['data.a']],
  ['{"a":1,"\\u0061":2}', ['a']],
  ['{"a":"b","b":"a,{\\"b\\":1","c\\\\":1,"c\\\\":2}', ['c\\']],
  ['{"l":[1,[2],{"x":{},"x":[]},{"x":1}],"l":0,"l":1}', ['l[2].x', 'l']],
  ['{"a":{},"a":{"b":1,"b":2}}', ['a', 'a.b']],
  ['"a"', []],
])('%s says twice %j', (text, paths) => {
  JSON.parse(text);
  expect(duplicateFields(text)).toEqual(paths);
});
