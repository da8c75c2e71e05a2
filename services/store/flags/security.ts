import { flag, type FlagSpecs, refused } from './spec.ts';

const noTls = 'TLS between members is not supported yet';

export const security = {
  'cert-file': flag('string', '', 'Path to the certificate that clients are shown.'),
  'key-file': flag('string', '', 'Path to its key.'),
  'client-cert-file': flag(
    'string',
    '',
    'Path to the certificate for connections to itself; by default --cert-file.',
  ),
  'client-key-file': flag('string', '', 'Path to its key.'),
  'client-cert-auth': flag(
    'boolean',
    'false',
    'Clients must show a certificate of the trusted authority; its common name may be their user.',
  ),
  'client-crl-file': flag('string', '', 'Path to the list of revoked client certificates.'),
  'client-cert-allowed-hostname': flag(
    'string',
    '',
    'Names of which a client certificate must have one, separated by commas.',
  ),
  'trusted-ca-file': flag('string', '', 'Path to the authority of client certificates.'),
  'auto-tls': flag('boolean', 'false', 'Make a certificate for clients that signs itself.'),
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
  'self-signed-cert-validity': flag(
    'uint',
    '1',
    'How many years a certificate that is made here is good for.',
  ),
  'cipher-suites': flag(
    'string',
    '',
    "Cipher suites in Go's words, separated by commas; by default those of the runtime.",
  ),
  'tls-min-version': flag('string', 'TLS1.2', "Lowest version of TLS: 'TLS1.2' or 'TLS1.3'."),
  'tls-max-version': flag('string', '', 'Highest version of TLS; by default the newest.'),
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
