export {
  type Authority,
  type Credentials,
  createAuthority,
  createSigningKey,
  expiryOf,
  issueClient,
  issueNode,
  issueServer,
  loadAuthority,
  type ServerNames,
} from './certificates.ts';
