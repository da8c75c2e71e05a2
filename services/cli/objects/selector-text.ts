import type { LabelSelector } from '#shared/api';

/** A LabelSelector as the text that list requests and people write. */
export function labelSelectorText(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]) => `${key}=${value}`,
  );
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    switch (operator) {
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
      case 'NotIn':
        return `${key} notin (${(values ?? []).join(',')})`;
      default:
        return `${key} in (${(values ?? []).join(',')})`;
    }
  });
  return [...labels, ...expressions].join(',');
}
