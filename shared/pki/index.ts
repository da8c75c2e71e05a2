export {
  type Authority,
  type Credentials,
  createAuthority,
  createSelfSigned,
  createSigningKey,
  expiryOf,
  issueClient,
  issueNode,
  issueServer,
  loadAuthority,
  type ServerNames,
} from './certificates.ts';
export { type CertificateRequest, readRequest, signRequest } from './requests.ts';
