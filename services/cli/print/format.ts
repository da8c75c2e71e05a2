import { assertNever } from '#shared/base';
import type { KubeObject } from '#shared/api';
import { CommandError } from '../command-error.ts';
import { compilePath, compileTemplate, formatValue } from './jsonpath.ts';
import { formatTable } from './table.ts';

/** What `-o` asks for. `table` is what people get when they say nothing. */
export type OutputFormat =
  | { readonly type: 'table'; readonly wide: boolean }
  | { readonly type: 'json' }
  | { readonly type: 'yaml' }
  | { readonly type: 'name' }
  | { readonly type: 'jsonpath'; readonly template: string }
  | { readonly type: 'custom-columns'; readonly columns: string };

export function parseOutput(given: string | undefined): OutputFormat {
  switch (given) {
    case undefined:
    case '':
      return { type: 'table', wide: false };
    case 'wide':
      return { type: 'table', wide: true };
    case 'json':
    case 'yaml':
    case 'name':
      return { type: given };
    default:
  }
  const [type, ...rest] = given.split('=');
  const argument = rest.join('=');
  if (type === 'jsonpath' || type === 'custom-columns') {
    if (argument === '') {
      throw new CommandError(`template format specified but no template given for -o ${type}`);
    }
    return type === 'jsonpath' ? { type, template: argument } : { type, columns: argument };
  }
  throw new CommandError(
    `unable to match a printer suitable for the output format "${given}", allowed formats are: ` +
      'custom-columns,json,jsonpath,name,wide,yaml',
  );
}

/** Several objects are one `List`, as kubectl prints them. */
export function asList(objects: readonly KubeObject[]): object {
  return { apiVersion: 'v1', items: objects, kind: 'List', metadata: { resourceVersion: '' } };
}

/** As kubectl shows objects: without who manages which field, which is longer than the rest. */
export function withoutManagers<T extends KubeObject>(object: T): T {
  if (!object.metadata?.managedFields) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** JSON with kubectl's four spaces and sorted keys. */
export const formatJson = (value: unknown): string =>
  `${JSON.stringify(sortKeys(value), null, 4)}\n`;

export async function formatYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(sortKeys(value), {
    version: '1.1',
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}

/** The text for every format that prints whole objects. `single`: one object was asked by name. */
export async function formatObjects(
  format: Exclude<OutputFormat, { type: 'table' } | { type: 'name' }>,
  objects: readonly KubeObject[],
  options: { single: boolean; noHeaders?: boolean },
): Promise<string> {
  const shown = objects.map(withoutManagers);
  const value = options.single && shown[0] ? shown[0] : asList(shown);
  switch (format.type) {
    case 'json':
      return formatJson(value);
    case 'yaml':
      return formatYaml(value);
    case 'jsonpath':
      return compileTemplate(format.template)(value);
    case 'custom-columns':
      return formatCustomColumns(format.columns, objects, options.noHeaders === true);
    default:
      return assertNever(format, 'output format');
  }
}

function formatCustomColumns(
  spec: string,
  objects: readonly KubeObject[],
  noHeaders: boolean,
): string {
  const columns = spec.split(',').map((column) => {
    const colon = column.indexOf(':');
    if (colon < 1 || colon === column.length - 1) {
      throw new CommandError(
        `unexpected custom-columns spec: ${column}, expected <header>:<json-path-expr>`,
      );
    }
    return { head: column.slice(0, colon), path: compilePath(column.slice(colon + 1)) };
  });
  const rows = objects.map((object) =>
    columns.map(({ path }) => path(object).map(formatValue).join(',') || '<none>'),
  );
  return formatTable(
    columns.map(({ head }) => head),
    rows,
    { noHeaders },
  );
}
