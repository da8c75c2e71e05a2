import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Namespace } from '../types.ts';
import { validateFinalizers } from '../validation/metadata.ts';
import { dnsLabel } from '../validation/names.ts';
import { declare } from './declare.ts';

const nameLabel = 'kubernetes.io/metadata.name';

export const namespace = declare<Namespace>({
  group: '',
  resource: 'namespaces',
  kind: 'Namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  subresources: ['finalize'],
  columns: [
    nameColumn,
    column('Status', ({ status }) => status?.phase ?? '', 'Active or Terminating.'),
    ageColumn,
  ],
  selectableFields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  validateName: dnsLabel,
  defaults: ({ metadata }) => {
    if (metadata?.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
  },
  prepareForCreate: (draft) => {
    // The namespace controller empties the namespace, then takes this finalizer away.
    const finalizers = new Set([...(draft.spec?.finalizers ?? []), 'kubernetes']);
    draft.spec = { ...draft.spec, finalizers: [...finalizers] };
    draft.status = { phase: 'Active' };
  },
  prepareForUpdate: (draft, old) => {
    // Only the finalize subresource changes them.
    if (old.spec) draft.spec = old.spec;
    else delete draft.spec;
  },
  validate: ({ spec }) => validateFinalizers(spec?.finalizers, 'spec.finalizers'),
  deletion: {
    holds: ({ spec }) => (spec?.finalizers ?? []).length > 0,
    begin: (draft) => {
      draft.status = { ...draft.status, phase: 'Terminating' };
    },
  },
});
