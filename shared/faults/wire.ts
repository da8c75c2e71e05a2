import { QuorateError } from '#shared/base';
import type { Fault as WireFault, Fault__Output } from '../rpc/gen/quorate/v1/Fault.ts';
import type { DiskFault, Fault, FaultSpec, LinkFault, ProcessFault } from './fault.ts';

/** A fault as it travels: proto/quorate/v1/faults.proto. */
export function faultToWire(fault: Fault): WireFault {
  return {
    id: fault.id,
    remaining_ms: String(Math.ceil(fault.remainingMs ?? 0)),
    survives_restart: fault.survivesRestart,
    hits: String(fault.hits),
    ...specToWire(fault.spec),
  };
}

export function specToWire(spec: FaultSpec): WireFault {
  switch (spec.kind) {
    case 'link':
      return {
        link: {
          peer: spec.peer,
          direction: spec.direction,
          drop: spec.drop,
          delay_ms: spec.delayMs,
          jitter_ms: spec.jitterMs,
          duplicate: spec.duplicate,
          reorder: spec.reorder,
          bytes_per_second: spec.bytesPerSecond,
          partition: spec.partition,
        },
      };
    case 'disk': {
      const { what, target, ms, probability } = spec;
      return { disk: { what, target, ms, probability } };
    }
    case 'clock':
      return { clock: { offset_ms: spec.offsetMs, drift_ppm: spec.driftPpm } };
    case 'process':
      return { process: { what: spec.what, percent: spec.percent } };
    case 'point':
      return { point: { name: spec.name, terms: spec.terms } };
    default: {
      // Whoever has no compiler to tell them.
      const { kind } = spec as { readonly kind?: string };
      const kinds = 'link, disk, clock, process, point';
      throw new QuorateError(
        'bad-request',
        `the fault's kind is "${kind}": must be one of ${kinds}`,
      );
    }
  }
}

export function faultFromWire(wire: Fault__Output): Fault {
  const remaining = Number(wire.remaining_ms);
  return {
    id: wire.id,
    spec: specFromWire(wire),
    remainingMs: remaining > 0 ? remaining : undefined,
    survivesRestart: wire.survives_restart,
    hits: Number(wire.hits),
  };
}

/** What it says is checked by `checkFault`. */
export function specFromWire({ link, disk, clock, process, point }: Fault__Output): FaultSpec {
  if (link) {
    return {
      kind: 'link',
      peer: link.peer,
      direction: link.direction as LinkFault['direction'],
      drop: link.drop,
      delayMs: link.delay_ms,
      jitterMs: link.jitter_ms,
      duplicate: link.duplicate,
      reorder: link.reorder,
      bytesPerSecond: link.bytes_per_second,
      partition: link.partition,
    };
  }
  if (disk) {
    const { what, target, ms, probability } = disk;
    return {
      kind: 'disk',
      what: what as DiskFault['what'],
      target: target as DiskFault['target'],
      ms,
      probability: probability || 1,
    };
  }
  if (clock) return { kind: 'clock', offsetMs: clock.offset_ms, driftPpm: clock.drift_ppm };
  if (process) {
    return {
      kind: 'process',
      what: process.what as ProcessFault['what'],
      percent: process.percent,
    };
  }
  if (point) return { kind: 'point', name: point.name, terms: point.terms };
  throw new QuorateError('bad-request', 'the request names no fault');
}
