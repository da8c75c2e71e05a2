import { invalidValue, required } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { base64 } from '../text.ts';
import type { Secret } from '../types.ts';
import { validateData, validateImmutable } from '../validation/data.ts';
import { declare } from './declare.ts';

const count = ({ data = {} }: Secret): number => Object.keys(data).length;

/** What a secret of a well-known type must hold. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
};

export const secret = declare<Secret>({
  group: '',
  resource: 'secrets',
  kind: 'Secret',
  columns: [
    nameColumn,
    column('Type', ({ type }) => type ?? '', 'What the secret is for.'),
    column('Data', count, 'How many entries it holds.', 'integer'),
    ageColumn,
  ],
  selectableFields: { type: ({ type }) => type ?? '' },
  defaults: (draft) => {
    draft.type ||= 'Opaque';
    if (!draft.stringData) return;
    // Written as text for convenience, kept as bytes.
    const encoded = Object.entries(draft.stringData).map(([key, text]) => [key, base64(text)]);
    draft.data = { ...draft.data, ...Object.fromEntries(encoded) };
    delete draft.stringData;
  },
  prepareForUpdate: (draft, old) => {
    if (!draft.type && old.type) draft.type = old.type;
  },
  validate: (secret, old) => {
    const causes = validateData(secret, true);
    for (const key of requiredKeys[secret.type ?? ''] ?? []) {
      if (secret.data?.[key] === undefined) causes.push(required(`data[${key}]`));
    }
    if (old && secret.type !== old.type) {
      causes.push(invalidValue('type', secret.type, 'field is immutable'));
    }
    return old ? [...causes, ...validateImmutable(secret, old)] : causes;
  },
});
