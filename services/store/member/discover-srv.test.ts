import { expect, test } from 'vitest';
import { discoverBySrv, type Dns } from './discover-srv.ts';

const hosts: Readonly<Record<string, string>> = {
  'a.example': '10.0.0.1',
  'b.example': '10.0.0.2',
};

const dns: Dns = {
  srv: (service) =>
    service === '_etcd-server._tcp.example'
      ? Promise.resolve([
          { name: 'a.example.', port: 2380 },
          { name: 'b.example', port: 2380 },
        ])
      : Promise.reject(new Error('ENOTFOUND')),
  addresses: (host) => {
    const address = hosts[host];
    return address === undefined
      ? Promise.reject(new Error('ENOTFOUND'))
      : Promise.resolve([address]);
  },
};

const ask = (domain: string, ownPeerUrl: string) =>
  discoverBySrv(dns, { domain, suffix: '', name: 'me', ownPeerUrls: [ownPeerUrl] });

test('the record with the own address gets the own name, the others are numbered', async () => {
  expect(await ask('example', 'http://10.0.0.2:2380')).toEqual({
    '0': ['http://a.example:2380'],
    me: ['http://b.example:2380'],
  });
});

test('without records it says what it asked for', async () => {
  await expect(ask('nowhere', 'http://10.0.0.2:2380')).rejects.toThrow(
    /no SRV records \(_etcd-server-ssl\._tcp\.nowhere: ENOTFOUND; _etcd-server\._tcp\.nowhere/,
  );
});
