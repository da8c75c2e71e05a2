import { type CertificateSigningRequest, objectKey, parseTime, refs } from '#shared/api';
import { type ReconcileResult, timestamp } from '#shared/client';
import { type Authority, readRequest, signRequest } from '#shared/pki';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { writeStatus } from '../write-status.ts';
import { signers } from './signers.ts';
import { unlessNotFound } from '../not-found.ts';

type Status = NonNullable<CertificateSigningRequest['status']>;

const yearSeconds = 365 * 24 * 60 * 60;
const hourMs = 60 * 60 * 1_000;
/** How long requests are kept, as Kubernetes keeps them: those decided on, and those that wait. */
const decidedMs = hourMs;
const pendingMs = 24 * hourMs;

/** Signs the requests for certificates that were approved, and clears away old ones. */
export function certificateController(
  context: ControllerContext,
  authority: () => Promise<Authority>,
): Controller {
  const { api, clock, informers } = context;
  const queue = controllerQueue(context, 'certificate-signer');
  const requests = informers.of<CertificateSigningRequest>(refs.certificateSigningRequests);
  requests.addHandlers({
    added: (request) => queue.add(objectKey(request)),
    updated: (_before, after) => queue.add(objectKey(after)),
  });
  const reconcile = async (key: string): Promise<ReconcileResult> => {
    const request = requests.store.get(key);
    if (!request) return undefined;
    const wait = expiryOf(request) - clock.now();
    if (wait <= 0) {
      const { name = '', uid } = request.metadata ?? {};
      await api.delete(refs.certificateSigningRequests, name, { uid }).catch(unlessNotFound);
      return undefined;
    }
    const status = await answer(request, authority, clock.now(), timestamp(clock));
    if (status) await writeStatus(api, refs.certificateSigningRequests, request, status);
    return { requeueAfterMs: wait };
  };
  return queuedController('certificate-signer', queue, reconcile);
}

const conditionsOf = ({ status }: CertificateSigningRequest) => status?.conditions ?? [];

function expiryOf(request: CertificateSigningRequest): number {
  const decided = conditionsOf(request).length > 0;
  const made = parseTime(request.metadata?.creationTimestamp) ?? 0;
  return made + (decided ? decidedMs : pendingMs);
}

/** The certificate, or why there is none; undefined where there is nothing to say. */
async function answer(
  request: CertificateSigningRequest,
  authority: () => Promise<Authority>,
  nowMs: number,
  now: string,
): Promise<Status | undefined> {
  const { spec, status = {} } = request;
  const refuse = signers[spec.signerName];
  const is = (type: string): boolean => conditionsOf(request).some((each) => each.type === type);
  if (!refuse || !is('Approved') || is('Denied') || is('Failed') || status.certificate) {
    return undefined;
  }
  const usages = spec.usages ?? [];
  const pem = Buffer.from(spec.request, 'base64').toString();
  const message = await whyNot(() => readRequest(pem).then((read) => refuse(read, usages)));
  if (message === undefined) {
    const seconds = Math.min(spec.expirationSeconds ?? yearSeconds, yearSeconds);
    const certificate = await signRequest(await authority(), pem, { nowMs, seconds, usages });
    return { ...status, certificate: Buffer.from(certificate).toString('base64') };
  }
  const failed = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  return { ...status, conditions: [...conditionsOf(request), failed] };
}

/** What is wrong with a request, however that is found. */
async function whyNot(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look();
  } catch (thrown) {
    return (thrown as Error).message;
  }
}
