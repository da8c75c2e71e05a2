import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';
import type { LabelSelector } from './types.ts';

declare function todo(...args: unknown[]): never;

export interface LabelSelectorMatcher {
  /** True where every object matches. */
  readonly empty: boolean;
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
  /** Canonical text. */
  toString(): string;
}

/** Equality and set syntax; throws `bad-request`. */
export function parseLabelSelector(text: string): LabelSelectorMatcher {
  return todo(text);
}

/** The matcher of a LabelSelector object; undefined selects nothing, `{}` everything. */
export function labelSelectorMatcher(selector: LabelSelector | undefined): LabelSelectorMatcher {
  return todo(selector);
}

export interface FieldSelector {
  readonly empty: boolean;
  matches(object: KubeObject): boolean;
  /** The value that the field must equal, where the selector says so (metadata.name lookups). */
  exact(field: string): string | undefined;
  toString(): string;
}

/** Throws `bad-request`: `field label not supported: x`. */
export function parseFieldSelector(resource: Resource, text: string): FieldSelector {
  return todo(resource, text);
}
