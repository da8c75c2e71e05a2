import { flag, type FlagSpecs } from './spec.ts';

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
  'peer-cert-file': flag('string', '', 'Path to the certificate that members are shown.'),
  'peer-key-file': flag('string', '', 'Path to its key.'),
  'peer-client-cert-file': flag(
    'string',
    '',
    'Path to the certificate for connections to members; by default --peer-cert-file.',
  ),
  'peer-client-key-file': flag('string', '', 'Path to its key.'),
  'peer-client-cert-auth': flag(
    'boolean',
    'false',
    'Members must show a certificate of the trusted authority.',
  ),
  'peer-trusted-ca-file': flag('string', '', 'Path to the authority of certificates of members.'),
  'peer-cert-allowed-cn': flag(
    'string',
    '',
    "Common names of which a member's certificate must have one, separated by commas.",
  ),
  'peer-cert-allowed-hostname': flag(
    'string',
    '',
    "Names of which a member's certificate must have one, separated by commas.",
  ),
  'peer-auto-tls': flag('boolean', 'false', 'Make a certificate for members that signs itself.'),
  'peer-crl-file': flag('string', '', 'Path to the list of revoked certificates of members.'),
  'peer-skip-client-san-verification': flag(
    'boolean',
    'false',
    'Let members in from addresses that their certificate does not name.',
    { aliases: ['experimental-peer-skip-client-san-verification'] },
  ),
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
