import {
  type CertificateSigningRequest,
  decidesOn,
  forbiddenTo,
  invalid,
  invalidValue,
} from '#shared/api';
import { readRequest } from '#shared/pki';
import type { Authorizer } from '../../auth/authorizer.ts';
import { mastersGroup } from '../../auth/user.ts';
import { type AdmissionPlugin, type AdmissionRequest, isKind } from '../plugin.ts';

const group = 'certificates.k8s.io';
const clientSigner = 'kubernetes.io/kube-apiserver-client';
const isRequest = (request: AdmissionRequest): boolean =>
  isKind(request, group, 'certificatesigningrequests') && request.operation !== 'delete';

/**
 * Requests for certificates: who makes one is written into it, and whoever decides on one, or signs it, may
 * do so for its signer (`signers` by name, or `<domain>/*`).
 */
export function certificateRequests(authorizer: Authorizer): AdmissionPlugin {
  const may = async (request: AdmissionRequest, verb: string, signer: string): Promise<boolean> => {
    const names = [signer, `${signer.split('/')[0]}/*`];
    for (const name of names) {
      const { verdict } = await authorizer.authorize(request.user, {
        type: 'resource',
        verb,
        group,
        version: '*',
        resource: 'signers',
        subresource: '',
        namespace: '',
        name,
      });
      if (verdict === 'allow') return true;
    }
    return false;
  };
  const insist = async (
    request: AdmissionRequest,
    verb: string,
    { spec }: CertificateSigningRequest,
  ): Promise<void> => {
    if (await may(request, verb, spec.signerName)) return;
    const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(spec.signerName)}`;
    throw forbiddenTo(request.resource, request.name, why);
  };
  return {
    name: 'CertificateApproval',
    handles: isRequest,
    mutate({ user }, draft) {
      const { spec } = draft as CertificateSigningRequest;
      if (typeof spec !== 'object') return;
      const { name, uid, groups, extra } = user;
      Object.assign(spec, { username: name, groups: [...groups], uid, extra });
      if (uid === undefined) delete spec.uid;
      if (extra === undefined) delete spec.extra;
    },
    async validate(request, object, old) {
      if (!object) return;
      if (!old) return checkSubject(request, object as unknown as CertificateSigningRequest);
      const [now, before] = [object, old] as unknown as [
        CertificateSigningRequest,
        CertificateSigningRequest,
      ];
      if (request.subresource === 'approval') await insist(request, 'approve', before);
      if (request.subresource !== 'status') return;
      if (decidesOn(now, before)) {
        const why = 'the conditions Approved and Denied are only taken by its approval';
        throw forbiddenTo(request.resource, request.name, why);
      }
      if (now.status?.certificate !== before.status?.certificate) {
        await insist(request, 'sign', before);
      }
    },
  };
}

/** Nobody asks for a client certificate of those who may do everything. */
async function checkSubject(
  { resource, name }: AdmissionRequest,
  { spec }: CertificateSigningRequest,
): Promise<void> {
  const pem = Buffer.from(spec.request, 'base64').toString();
  let organizations: readonly string[];
  try {
    ({ organizations } = await readRequest(pem));
  } catch (thrown) {
    const why = (thrown as Error).message;
    throw invalid(resource, name, [invalidValue('spec.request', '<certificate request>', why)]);
  }
  if (spec.signerName !== clientSigner || !organizations.includes(mastersGroup)) return;
  const why = `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`;
  throw forbiddenTo(resource, name, why);
}
