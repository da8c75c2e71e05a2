import { expect, it } from 'vitest';
import { decodeProtobuf } from './decode.ts';

type Part = Buffer | string | number;

/** A field: a varint for a number, else bytes with their length. */
function field(number: number, value: Part): Buffer {
  if (typeof value === 'number') return Buffer.from([...varint(number << 3), ...varint(value)]);
  const bytes = Buffer.from(value as Buffer);
  return Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length), ...bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const message = (...fields: Buffer[]): Buffer => Buffer.concat(fields);

const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  message(
    Buffer.from('k8s\0'),
    field(1, message(field(1, apiVersion), field(2, kind))),
    field(2, raw),
    field(3, ''),
    field(4, ''),
  );

it('reads objects as JSON would say them', () => {
  const metadata = message(
    field(1, 'web'),
    field(2, ''),
    field(8, Buffer.alloc(0)),
    field(11, message(field(1, 'app'), field(2, 'web'))),
    field(11, message(field(1, '__proto__'), field(2, 'x'))),
  );
  const port = message(field(1, ''), field(2, 0), field(3, 80), field(4, 'TCP'));
  const limits = message(field(1, 'cpu'), field(2, message(field(1, '100m'))));
  const probe = message(
    field(1, message(field(2, message(field(2, message(field(1, 1), field(3, 'http'))))))),
    field(2, 0),
    field(4, 5),
  );
  const container = message(
    field(1, 'c'),
    field(6, port),
    field(8, message(field(1, limits))),
    field(10, probe),
    field(15, message(field(4, -1))),
  );
  const spec = message(
    field(1, message(field(1, 'v'), field(2, message(field(2, Buffer.alloc(0)))))),
    field(2, container),
    field(4, 0),
    field(11, 0),
  );
  const decoded = decodeProtobuf(
    envelope('v1', 'Pod', message(field(1, metadata), field(2, spec), field(3, Buffer.alloc(0)))),
  );
  expect(decoded).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: { app: 'web', ['__proto__']: 'x' } },
    spec: {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          name: 'c',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: { limits: { cpu: '100m' } },
          livenessProbe: { httpGet: { port: 'http' }, periodSeconds: 5 },
          securityContext: { runAsUser: -1 },
        },
      ],
      terminationGracePeriodSeconds: 0,
    },
  });
});

it('reads bytes, times and lists of strings', () => {
  const secret = message(
    field(2, message(field(1, 'k'), field(2, Buffer.from([0, 255])))),
    field(3, 'Opaque'),
  );
  expect(decodeProtobuf(envelope('v1', 'Secret', secret))).toMatchObject({
    data: { k: 'AP8=' },
    type: 'Opaque',
  });
  const spec = message(field(4, message(field(1, 1_700_000_000), field(2, 1_500_000))));
  expect(decodeProtobuf(envelope('coordination.k8s.io/v1', 'Lease', field(2, spec)))).toMatchObject(
    {
      spec: { renewTime: '2023-11-14T22:13:20.001500Z' },
    },
  );
  const options = message(field(1, 0), field(4, 'Background'), field(5, 'All'));
  expect(decodeProtobuf(envelope('policy/v1', 'DeleteOptions', options))).toMatchObject({
    gracePeriodSeconds: 0,
    propagationPolicy: 'Background',
    dryRun: ['All'],
  });
});

it('answers what it cannot read', () => {
  expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow('not in the protobuf form');
  expect(() => decodeProtobuf(envelope('x.io/v1', 'Gizmo', Buffer.alloc(0)))).toThrow(
    'Gizmo of x.io/v1',
  );
  expect(() => decodeProtobuf(Buffer.from('k8s\0\x0a\xff'))).toThrow('not valid protobuf');
  const truncated = envelope('v1', 'Pod', Buffer.from([0x0a, 0x20, 0x01]));
  expect(() => decodeProtobuf(truncated)).toThrow('not valid protobuf');
});

it('reads who manages which field, so that a write says it back', () => {
  const entry = message(field(1, 'kubectl'), field(7, message(field(1, '{"f:data":{}}'))));
  const decoded = decodeProtobuf(
    envelope('v1', 'ConfigMap', message(field(1, message(field(1, 'a'), field(17, entry))))),
  );
  expect(decoded).toMatchObject({
    metadata: { managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:data': {} } }] },
  });
});
