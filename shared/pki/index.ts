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
