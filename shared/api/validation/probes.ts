import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, notSupported, required } from '../causes.ts';
import type { Container, Probe } from '../types.ts';
import { portName, portRule, validPort } from './names.ts';

type Handler = NonNullable<NonNullable<Container['lifecycle']>['preStop']> & Pick<Probe, 'grpc'>;

export const atLeastZero = 'must be greater than or equal to 0';

/** Numbers that must not be negative, by name. */
export function validateNonNegative(
  object: object,
  names: readonly string[],
  field: string,
): FieldCause[] {
  return names.flatMap((name) => {
    const value = (object as Record<string, unknown>)[name];
    return typeof value === 'number' && value < 0
      ? [invalidValue(`${field}.${name}`, value, atLeastZero)]
      : [];
  });
}

const counts = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
];

export function validateProbe(
  probe: Probe,
  kind: 'liveness' | 'readiness' | 'startup',
  field: string,
): FieldCause[] {
  const causes = [
    ...validateHandler(probe, ['exec', 'httpGet', 'tcpSocket', 'grpc'], field),
    ...validateNonNegative(probe, counts, field),
  ];
  if (kind !== 'readiness' && probe.successThreshold !== 1) {
    causes.push(invalidValue(`${field}.successThreshold`, probe.successThreshold, 'must be 1'));
  }
  return causes;
}

/** Exactly one way to ask, and that one complete. */
export function validateHandler(
  handler: Handler,
  allowed: readonly (keyof Handler)[],
  field: string,
): FieldCause[] {
  const given = allowed.filter((key) => handler[key] !== undefined);
  if (given.length === 0) return [required(field, 'must specify a handler type')];
  const causes = given
    .slice(1)
    .map((key) => forbidden(`${field}.${key}`, 'may not specify more than 1 handler type'));
  const { exec, httpGet, tcpSocket, grpc } = handler;
  if (exec && (exec.command ?? []).length === 0) causes.push(required(`${field}.exec.command`));
  if (httpGet) {
    causes.push(...validatePortRef(httpGet.port, `${field}.httpGet.port`));
    if (httpGet.scheme !== 'HTTP' && httpGet.scheme !== 'HTTPS') {
      causes.push(notSupported(`${field}.httpGet.scheme`, httpGet.scheme, ['HTTP', 'HTTPS']));
    }
  }
  if (tcpSocket) causes.push(...validatePortRef(tcpSocket.port, `${field}.tcpSocket.port`));
  if (grpc && !validPort(grpc.port)) {
    causes.push(invalidValue(`${field}.grpc.port`, grpc.port, portRule));
  }
  return causes;
}

/** A port by number or by name. */
export function validatePortRef(port: number | string, field: string): FieldCause[] {
  if (typeof port === 'number') {
    return validPort(port) ? [] : [invalidValue(field, port, portRule)];
  }
  return portName(port).map((error) => invalidValue(field, port, error));
}
