import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { ObjectHistory } from './objects.ts';

/** An update or a patch that was answered with a new version. */
export interface Written {
  readonly who: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  /** The version that the object was to have before. */
  readonly expected: string;
  readonly answer: KubeObject;
}

/** What is answered was stored; it rests on the version that was named, and changes what was asked for. */
export class Writes implements Checker {
  readonly name = 'writes';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  wrote({ who, resource, subresource, expected, answer }: Written): void {
    const { name = '', namespace, uid, resourceVersion = '' } = answer.metadata ?? {};
    const revision = Number(resourceVersion);
    const change = this.#objects
      .changesAfter(resource, revision - 1)
      .find(
        (each) =>
          each.revision === revision &&
          each.after?.metadata?.name === name &&
          each.after.metadata.namespace === namespace,
      );
    const said = `${who} writes ${resource}${subresource ? `/${subresource}` : ''} ${name} as version ${revision}`;
    const { before, after } = change ?? {};
    if (!after || after.metadata?.uid !== uid) throw new BrokenPromise(`${said}: nobody did`);
    const was = before?.metadata?.resourceVersion;
    if (was !== expected) {
      throw new BrokenPromise(`${said} on top of ${expected}, which was ${was ?? 'not there'}`);
    }
    if (!before) return;
    if (subresource === 'status' && !isDeepStrictEqual(allButStatus(before), allButStatus(after))) {
      throw new BrokenPromise(`${said}, and changes more than its status`);
    }
    const status = statusOf(before);
    if (!subresource && status !== undefined && !isDeepStrictEqual(status, statusOf(after))) {
      throw new BrokenPromise(`${said}, and changes its status`);
    }
  }
}

const statusOf = (object: KubeObject): unknown => (object as { readonly status?: unknown }).status;

function allButStatus(object: KubeObject): object {
  const { status: _, metadata, ...rest } = object as KubeObject & { status?: unknown };
  const { managedFields: _fields, resourceVersion: _version, ...kept } = metadata ?? {};
  return { ...rest, metadata: kept };
}
