import { flag, type FlagSpecs, refused } from './spec.ts';

const noTls = 'TLS is not supported yet';

export const security = {
  'cert-file': refused('string', '', noTls),
  'key-file': refused('string', '', noTls),
  'client-cert-file': refused('string', '', noTls),
  'client-key-file': refused('string', '', noTls),
  'client-cert-auth': refused('boolean', 'false', noTls),
  'client-crl-file': refused('string', '', noTls),
  'client-cert-allowed-hostname': refused('string', '', noTls),
  'trusted-ca-file': refused('string', '', noTls),
  'auto-tls': refused('boolean', 'false', noTls),
  'peer-cert-file': refused('string', '', noTls),
  'peer-key-file': refused('string', '', noTls),
  'peer-client-cert-file': refused('string', '', noTls),
  'peer-client-key-file': refused('string', '', noTls),
  'peer-client-cert-auth': refused('boolean', 'false', noTls),
  'peer-trusted-ca-file': refused('string', '', noTls),
  'peer-cert-allowed-cn': refused('string', '', noTls),
  'peer-cert-allowed-hostname': refused('string', '', noTls),
  'peer-auto-tls': refused('boolean', 'false', noTls),
  'peer-crl-file': refused('string', '', noTls),
  'peer-skip-client-san-verification': refused('boolean', 'false', noTls, {
    aliases: ['experimental-peer-skip-client-san-verification'],
  }),
  'self-signed-cert-validity': refused('uint', '1', noTls),
  'cipher-suites': refused('string', '', noTls),
  'tls-min-version': refused('string', 'TLS1.2', noTls),
  'tls-max-version': refused('string', '', noTls),
  'auth-token': flag(
    'string',
    'simple',
    "What clients that authenticated are given: 'simple', or 'jwt,sign-method=…,priv-key=…,pub-key=…,ttl=…'.",
  ),
  'auth-token-ttl': flag(
    'uint',
    '300',
    'Time after which an unused simple token ends, in seconds.',
  ),
  'bcrypt-cost': flag(
    'uint',
    '10',
    'Cost of hashing passwords, from 4 to 31; each step is twice the work.',
  ),
} as const satisfies FlagSpecs;
