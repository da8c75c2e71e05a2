import { applyPatch, type Operation, Pointer } from 'rfc6902';
import { QuorateError } from '#shared/base';
import { badRequest } from './errors.ts';

/** No object is this deep; a patch that is would only exhaust the stack. */
const maxDepth = 500;

/**
 * JSON merge patch (RFC 7386): null removes, objects merge, all else replaces. Neither argument is
 * changed.
 */
export function mergePatch(target: unknown, patch: unknown, depth = 0): unknown {
  if (!isObject(patch)) return patch;
  if (depth > maxDepth) throw badRequest('the patch is nested too deeply');
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value, depth + 1));
  }
  return Object.fromEntries(merged);
}

const operations = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);
const maxOperations = 10_000;
/** What all copies of a patch may add, in characters of JSON: as much as a request may bring. */
const maxCopied = 3 * 1024 * 1024;

/**
 * JSON patch (RFC 6902), all or nothing. Throws `bad-request` for a patch that is none, `invalid`
 * for one that does not fit the object. Neither argument is changed.
 */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be an array of operations');
  if (patch.length > maxOperations) {
    throw new QuorateError(
      'too-large',
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  }
  patch.forEach(checkOperation);
  const document = structuredClone({ root: target });
  let copied = 0;
  for (const operation of patch as Operation[]) {
    const rooted = underRoot(operation);
    if (rooted.op === 'copy') {
      copied += sizeAt(document, rooted.from);
      if (copied > maxCopied) {
        throw refused(
          `Unable to complete the copy operation: the accumulated size increase of copy is ${copied}, exceeding the limit ${maxCopied}`,
        );
      }
    }
    const [error] = applyPatch(document, [rooted]);
    if (!error) continue;
    const { op, path } = operation;
    throw refused(
      `${op} operation does not apply: doc is missing path or value differs: ${JSON.stringify(path)} (${error.name})`,
    );
  }
  return document.root;
}

const refused = (why: string): QuorateError =>
  new QuorateError(
    'invalid',
    `the server rejected our request due to an error in our request: ${why}`,
  );

/** As JSON, of what a pointer of a copy names; one that names nothing fails by itself. */
function sizeAt(document: object, from: string): number {
  const found: unknown = Pointer.fromJSON(from).get(document);
  return (JSON.stringify(found) as string | undefined)?.length ?? 0;
}

function checkOperation(operation: unknown, i: number): void {
  const at = `JSON patch operation ${i}`;
  if (!isObject(operation)) throw badRequest(`${at} must be an object`);
  const { op, path, from } = operation;
  if (typeof op !== 'string' || !operations.has(op)) {
    throw badRequest(`${at}: unexpected op ${JSON.stringify(op)}`);
  }
  checkPointer(path, `${at}: path`);
  if (op === 'move' || op === 'copy') checkPointer(from, `${at}: from`);
  if ((op === 'add' || op === 'replace' || op === 'test') && !('value' in operation)) {
    throw badRequest(`${at}: ${op} needs a value`);
  }
}

function checkPointer(pointer: unknown, what: string): void {
  const fine = typeof pointer === 'string' && (pointer === '' || pointer.startsWith('/'));
  if (!fine) throw badRequest(`${what} must be a JSON pointer such as "/spec/replicas"`);
  // Such a key could only be meant to reach JavaScript's own object prototype.
  if (pointer.split('/').includes('__proto__')) throw badRequest(`${what} must not name __proto__`);
}

/** The library cannot replace a whole document, so the document stands one level down. */
function underRoot(operation: Operation): Operation {
  const moved = { ...operation, path: `/root${operation.path}` };
  return 'from' in moved ? { ...moved, from: `/root${moved.from}` } : moved;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
