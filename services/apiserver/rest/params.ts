import { badRequest } from '#shared/api';

/** Parameters of a query, as Kubernetes reads them. */

export function booleanParam(query: URLSearchParams, key: string): boolean | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  // As Kubernetes reads them: there is true unless it says otherwise, as Python does with a capital.
  return text.toLowerCase() !== 'false' && text !== '0';
}

export function integerParam(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}
