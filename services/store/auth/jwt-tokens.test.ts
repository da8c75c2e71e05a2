import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import { JwtTokens } from './jwt-tokens.ts';
import { parseTokenOptions } from './token-options.ts';

const dir = mkdtempSync(join(tmpdir(), 'quorate-jwt-'));
const file = (name: string, text: string | Buffer): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const pem = (name: string, { privateKey, publicKey }: typeof ec) => ({
  priv: file(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' })),
  pub: file(`${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' })),
});
const files = { rsa: pem('rsa', rsa), ec: pem('ec', ec), ed: pem('ed', ed) };
const secret = file('secret', 'a secret of thirty-two bytes, or more');

const start = Date.parse('2026-01-01T00:00:00Z');

function tokens(text: string, clock = new ManualClock(start)): JwtTokens {
  const options = parseTokenOptions(text);
  if (options.kind !== 'jwt') throw new Error('no JWT');
  return new JwtTokens(options, clock);
}

test.each([
  ['RS256', `priv-key=${files.rsa.priv},pub-key=${files.rsa.pub}`],
  ['PS384', `priv-key=${files.rsa.priv}`],
  ['ES256', `priv-key=${files.ec.priv}`],
  ['EdDSA', `priv-key=${files.ed.priv}`],
  ['HS256', `priv-key=${secret}`],
])('%s: says whose it is and since when, until it ends', async (method, keys) => {
  const clock = new ManualClock(start);
  const provider = tokens(`jwt,sign-method=${method},${keys},ttl=1m`, clock);
  const token = await provider.issue('alice', 7);
  // Whatever the table has become since: that is for whoever asks to look at.
  expect(await provider.recognize(token)).toEqual({ user: 'alice', authRevision: 7 });
  expect(await provider.recognize(`${token.slice(0, -4)}AAAA`)).toBeUndefined();
  expect(await provider.recognize('simple.7')).toBeUndefined();
  await clock.advance(61_000);
  expect(await provider.recognize(token)).toBeUndefined();
});

test('a public key recognizes and does not give out; other methods are not taken', async () => {
  const signing = tokens(`jwt,sign-method=RS256,priv-key=${files.rsa.priv}`);
  const verifying = tokens(`jwt,sign-method=RS256,pub-key=${files.rsa.pub}`);
  const token = await signing.issue('u', 1);
  expect(await verifying.recognize(token)).toEqual({ user: 'u', authRevision: 1 });
  await expect(verifying.issue('u', 1)).rejects.toThrow('verify-only key');
  const other = tokens(`jwt,sign-method=RS512,priv-key=${files.rsa.priv}`);
  expect(await other.recognize(token)).toBeUndefined();
});

test.each([
  [`sign-method=RS256,priv-key=${files.ec.priv}`, 'needs a key of type rsa'],
  [`sign-method=RS256,priv-key=${files.rsa.priv},pub-key=${files.ec.pub}`, "don't match"],
  [`sign-method=ES256,priv-key=${secret}`, 'holds no such key'],
  ['sign-method=HS256', 'needs priv-key'],
  [`sign-method=HS256,priv-key=${secret},ttl=soon`, 'ttl=soon is no duration'],
])('%s is refused', (options, message) => {
  expect(() => parseTokenOptions(`jwt,${options}`)).toThrow(message);
});
