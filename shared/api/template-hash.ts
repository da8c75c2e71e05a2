/** Letters and digits that spell no words: Kubernetes' safe alphabet. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The value of the pod-template-hash label: equal for equal templates, whatever the order of their
 * fields. `collisionCount` makes another one when two templates meet in one hash. FNV-1a, 32 bits.
 */
export function podTemplateHash(template: object, collisionCount = 0): string {
  const text = `${canonicalJson(template)}${collisionCount === 0 ? '' : `#${collisionCount}`}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    if (unit > 0xff) hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return String(hash >>> 0)
    .split('')
    .map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length])
    .join('');
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`);
  return `{${fields.join(',')}}`;
}
