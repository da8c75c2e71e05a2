import type { Core } from '../core.ts';
import type { Exchange } from './exchange.ts';

const jwksPath = '/openid/v1/jwks';

/** What others need to verify service accounts' tokens by themselves; false for other paths. */
export async function serveIssuer(core: Core, path: string, exchange: Exchange): Promise<boolean> {
  if (path !== '/.well-known/openid-configuration' && path !== jwksPath) return false;
  const { issuer, all, signing } = await core.security.tokenKeys();
  if (path === jwksPath) {
    const keys = [...all.values()].map(({ id, algorithm, publicKey }) => ({
      use: 'sig',
      kid: id,
      alg: algorithm,
      ...publicKey.export({ format: 'jwk' }),
    }));
    exchange.json({ keys }, 200, 'application/jwk-set+json');
    return true;
  }
  exchange.json({
    issuer,
    jwks_uri: `https://${exchange.host}${jwksPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [signing.algorithm],
  });
  return true;
}
