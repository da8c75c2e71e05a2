import type { FieldCause } from '#shared/base';
import { duplicate, forbidden, invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { equalJson } from '../equal.ts';
import { base64 } from '../text.ts';
import { humanDuration } from '../time.ts';
import type { CertificateSigningRequest } from '../types.ts';
import { declare } from './declare.ts';

type Condition = NonNullable<
  NonNullable<CertificateSigningRequest['status']>['conditions']
>[number];

/** As Kubernetes knows them, with the two names that the first has. */
const usages = [
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
];

/** The beginning of a request as PEM, in whole groups of base64. */
const pemBegin = base64('-----BEGIN CERTIFICATE REQUEST---');
const minSeconds = 600;
const signer = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\/[^/\s]+$/;

export const certificateSigningRequest = declare<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  resource: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  shortNames: ['csr'],
  namespaced: false,
  hasStatus: true,
  subresources: ['approval'],
  columns: [
    nameColumn,
    ageColumn,
    column('SignerName', ({ spec }) => spec?.signerName ?? '', 'Who is to sign it.'),
    column('Requestor', ({ spec }) => spec?.username ?? '', 'Who has made it.'),
    column('RequestedDuration', duration, 'How long the certificate is to be good.'),
    column('Condition', state, 'What has become of it.'),
  ],
  selectableFields: { 'spec.signerName': ({ spec }) => spec?.signerName ?? '' },
  prepareForUpdate: (draft, old) => {
    draft.spec = old.spec;
  },
  validate: ({ spec }, old) => {
    if (old) return [];
    return spec ? validateSpec(spec) : [required('spec')];
  },
  validateStatus: ({ status }, old) =>
    validateConditions(status?.conditions ?? [], old.status?.conditions ?? []),
});

function validateSpec({
  request,
  signerName,
  usages: asked = [],
  expirationSeconds,
}: CertificateSigningRequest['spec']): FieldCause[] {
  const causes: FieldCause[] = [];
  if (!request?.startsWith(pemBegin)) {
    const detail = 'PEM block type must be CERTIFICATE REQUEST';
    causes.push(invalidValue('spec.request', request ?? '', detail));
  }
  if (!signerName) causes.push(required('spec.signerName'));
  else if (!signer.test(signerName)) {
    const detail = 'must be a fully qualified domain and path of the form <domain>/<path>';
    causes.push(invalidValue('spec.signerName', signerName, detail));
  }
  if (asked.length === 0) causes.push(required('spec.usages'));
  for (const [i, usage] of asked.entries()) {
    if (!usages.includes(usage)) causes.push(notSupported(`spec.usages[${i}]`, usage, usages));
    else if (asked.indexOf(usage) < i) causes.push(duplicate(`spec.usages[${i}]`, usage));
  }
  if (expirationSeconds !== undefined && expirationSeconds < minSeconds) {
    const detail = 'may not specify a duration less than 600 seconds (10 minutes)';
    causes.push(invalidValue('spec.expirationSeconds', expirationSeconds, detail));
  }
  return causes;
}

/** What was decided stays so, and there is one decision. */
function validateConditions(now: readonly Condition[], before: readonly Condition[]): FieldCause[] {
  const causes: FieldCause[] = [];
  const has = (list: readonly Condition[], type: string): boolean =>
    list.some((each) => each.type === type);
  if (has(now, 'Approved') && has(now, 'Denied')) {
    const detail = 'Approved and Denied conditions are mutually exclusive';
    causes.push(invalidValue('status.conditions', 'Denied', detail));
  }
  for (const type of ['Approved', 'Denied', 'Failed']) {
    if (!has(before, type) || has(now, type)) continue;
    causes.push(
      forbidden(
        'status.conditions',
        `updates may not remove a condition of type ${JSON.stringify(type)}`,
      ),
    );
  }
  for (const [i, { type, status }] of now.entries()) {
    const field = `status.conditions[${i}]`;
    if (type === '') causes.push(required(`${field}.type`));
    if (now.findIndex((each) => each.type === type) < i)
      causes.push(duplicate(`${field}.type`, type));
    const decision = type === 'Approved' || type === 'Denied' || type === 'Failed';
    if (decision && status !== 'True')
      causes.push(notSupported(`${field}.status`, status, ['True']));
  }
  return causes;
}

/** Conditions as they are stored: those that say no times get them. */
export const timedConditions = (
  conditions: readonly Condition[],
  before: readonly Condition[],
  now: string,
): Condition[] =>
  conditions.map((each) => {
    const same = before.find(({ type, status }) => type === each.type && status === each.status);
    return {
      ...each,
      lastUpdateTime: each.lastUpdateTime ?? now,
      lastTransitionTime: each.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    };
  });

/** Whether a write of the status takes or changes a decision, which only `approval` may. */
export const decidesOn = (
  { status }: CertificateSigningRequest,
  old: CertificateSigningRequest,
): boolean => {
  const decisions = (all: readonly Condition[] = []): Condition[] =>
    all.filter(({ type }) => type === 'Approved' || type === 'Denied');
  return !equalJson(decisions(status?.conditions), decisions(old.status?.conditions));
};

function duration({ spec }: CertificateSigningRequest): string {
  const seconds = spec?.expirationSeconds;
  return seconds === undefined ? '<none>' : humanDuration(seconds * 1_000);
}

function state({ status }: CertificateSigningRequest): string {
  const is = (type: string): boolean =>
    status?.conditions?.some((each) => each.type === type) ?? false;
  const decided = is('Denied') ? 'Denied' : is('Approved') ? 'Approved' : '';
  const said = [
    decided || 'Pending',
    ...(is('Failed') ? ['Failed'] : []),
    ...(status?.certificate ? ['Issued'] : []),
  ];
  return said.join(',');
}
