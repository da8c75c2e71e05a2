import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, tooLong } from '../causes.ts';
import { equalJson } from '../equal.ts';
import { utf8Length } from '../text.ts';
import { configMapKey } from './names.ts';

type Entries = Readonly<Record<string, string>>;

const maxBytes = 1024 * 1024;

interface DataObject {
  readonly data?: Entries | undefined;
  readonly binaryData?: Entries | undefined;
  readonly immutable?: boolean | undefined;
}

/** What ConfigMaps and Secrets have in common; `encoded` says whether `data` is base64. */
export function validateData(object: DataObject, encoded: boolean): FieldCause[] {
  const { data = {}, binaryData = {} } = object;
  const causes: FieldCause[] = [];
  let bytes = 0;
  for (const [field, entries, base64] of [
    ['data', data, encoded],
    ['binaryData', binaryData, true],
  ] as const) {
    for (const [key, value] of Object.entries(entries)) {
      const at = `${field}[${key}]`;
      for (const error of configMapKey(key)) causes.push(invalidValue(at, key, error));
      bytes += base64 ? Math.floor((value.replace(/=+$/, '').length * 3) / 4) : utf8Length(value);
      if (base64 && !isBase64(value))
        causes.push(invalidValue(at, '<value>', 'illegal base64 data'));
    }
  }
  for (const key of Object.keys(binaryData)) {
    if (Object.hasOwn(data, key)) {
      causes.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
  }
  if (bytes > maxBytes) causes.push(tooLong('data', maxBytes));
  return causes;
}

const immutableRule = 'field is immutable when `immutable` is set';

/** An object that says `immutable` keeps its data, and keeps saying so. */
export function validateImmutable(object: DataObject, old: DataObject): FieldCause[] {
  if (old.immutable !== true) return [];
  const causes: FieldCause[] = [];
  if (object.immutable !== true) causes.push(forbidden('immutable', immutableRule));
  for (const field of ['data', 'binaryData'] as const) {
    if (!equalJson(object[field] ?? {}, old[field] ?? {})) {
      causes.push(forbidden(field, immutableRule));
    }
  }
  return causes;
}

const isBase64 = (text: string): boolean =>
  text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
