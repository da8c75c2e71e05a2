export {
  type Authority,
  type Credentials,
  createAuthority,
  issueClient,
  issueServer,
} from './certificates.ts';
