import { getCiphers, type SecureVersion } from 'node:tls';
import { QuorateError } from '#shared/base';

/** TLS for clients, or for peers; names and meanings are those of etcd's flags. Empty: not given. */
export interface TlsOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** For connections that are opened from here; absent: those above. */
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  readonly trustedCaFile: string;
  /** Whoever comes must show a certificate of the trusted authority. */
  readonly clientCertAuth: boolean;
  readonly crlFile: string;
  /** Whoever comes must have one of these, where there are any. */
  readonly allowedCommonNames: readonly string[];
  readonly allowedHostnames: readonly string[];
  /** Whoever comes from another address than its certificate names is let in all the same. */
  readonly skipClientSanVerification: boolean;
  /** Where there are no files: a certificate is made, and signs itself. */
  readonly auto: boolean;
  /** How long such a one is good. */
  readonly selfSignedYears: number;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion | undefined;
  /** In OpenSSL's words; undefined: its own choice. */
  readonly ciphers: string | undefined;
}

export function hasCertificate({ certFile, keyFile, auto }: TlsOptions): boolean {
  return auto || (certFile !== '' && keyFile !== '');
}

const versions: Readonly<Record<string, SecureVersion>> = {
  'TLS1.2': 'TLSv1.2',
  'TLS1.3': 'TLSv1.3',
};

const refusedFlag = (text: string): QuorateError =>
  new QuorateError('bad-request', `error verifying flags, ${text}`);

/** `--tls-min-version`, `--tls-max-version` and `--cipher-suites` as Node.js has them. */
export function protocolOf(
  min: string,
  max: string,
  suites: readonly string[],
): Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'ciphers'> {
  const version = (text: string): SecureVersion => {
    const known = versions[text];
    if (!known)
      throw refusedFlag(`unexpected TLS version "${text}" (must be one of: TLS1.2, TLS1.3)`);
    return known;
  };
  const minVersion = version(min || 'TLS1.2');
  const maxVersion = max === '' ? undefined : version(max);
  if (maxVersion !== undefined && minVersion > maxVersion) {
    throw refusedFlag(`min version (${min}) is greater than max version (${max})`);
  }
  if (suites.length > 0 && minVersion === 'TLSv1.3') {
    throw refusedFlag('cipher suites cannot be configured when only TLS1.3 is enabled');
  }
  const ciphers = suites.length === 0 ? undefined : suites.map(opensslCipher).join(':');
  return { minVersion, maxVersion, ciphers };
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is `ECDHE-RSA-AES128-GCM-SHA256` to OpenSSL. */
function opensslCipher(suite: string): string {
  const name = suite
    .replace(/^TLS_/, '')
    .replace(/^RSA_WITH_/, '')
    .replace('_WITH_', '-')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC_', '_')
    .replace(/(CHACHA20_POLY1305)_SHA256$/, '$1')
    .replaceAll('_', '-');
  if (!getCiphers().includes(name.toLowerCase())) {
    throw refusedFlag(`unexpected TLS cipher suite "${suite}"`);
  }
  return name;
}
