import { assertNever } from '#shared/base';
import type { FaultPlane } from '../cluster/faults.ts';
import type { Network } from '../world/network.ts';
import type { SimProcess } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Links } from './parts/links.ts';
import type { SimComponent } from './parts/masters.ts';
import type { SimNode } from './parts/node.ts';
import type { ControlFault } from './plan/plan.ts';

export interface ControlFaultWorld {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly process: SimProcess;
  readonly store: FaultPlane;
  readonly nodes: readonly SimNode[];
  readonly components: readonly SimComponent[];
  readonly masters: readonly string[];
  readonly onlooker: string;
  readonly links: Links;
  readonly compact: () => void;
  readonly log: (text: string) => void;
}

type Undo = (() => void) | undefined;

/** Does to the parts above the store what the plan says. */
export class ControlFaultPlane {
  readonly #world: ControlFaultWorld;
  #over = false;

  constructor(world: ControlFaultWorld) {
    this.#world = world;
  }

  schedule(faults: readonly ControlFault[]): void {
    const { scheduler, process, store } = this.#world;
    for (const fault of faults) {
      if (fault.kind === 'store') store.schedule([fault.fault]);
      else scheduler.at(process, fault.atMs, () => this.#begin(fault));
    }
  }

  /** Everybody runs again; links and the store are healed by the store's own plane. */
  heal(): void {
    this.#over = true;
    this.#world.links.healAll();
    for (const node of this.#world.nodes) {
      node.machine.slowness = 1;
      node.process?.resume();
      node.start();
    }
    for (const component of this.#world.components) {
      component.process?.resume();
      component.start();
    }
  }

  #begin(fault: Exclude<ControlFault, { kind: 'store' }>): void {
    if (this.#over) return;
    const { scheduler, process, log } = this.#world;
    scheduler.trace(fault.atMs);
    log(JSON.stringify(fault));
    const undo = this.#apply(fault);
    if (!undo || !('forMs' in fault)) return;
    scheduler.at(process, scheduler.now + fault.forMs, () => {
      if (!this.#over) undo();
    });
  }

  #apply(fault: Exclude<ControlFault, { kind: 'store' }>): Undo {
    const { nodes, components } = this.#world;
    if ('node' in fault) {
      const node = nodes[fault.node % nodes.length];
      return node && this.#onNode(fault, node);
    }
    if ('component' in fault) {
      const component = components[fault.component % Math.max(1, components.length)];
      return component && this.#onComponent(fault, component);
    }
    return this.#elsewhere(fault);
  }

  #elsewhere(
    fault: Extract<
      ControlFault,
      { readonly kind: 'onlooker-isolate' | 'reset' | 'flaky' | 'late-answers' | 'compact' }
    >,
  ): Undo {
    const { masters, onlooker, links, compact } = this.#world;
    switch (fault.kind) {
      case 'onlooker-isolate':
        return this.#cut(onlooker, masters, 'both');
      case 'reset':
        links.reset(this.#machine(fault.machine));
        return undefined;
      case 'flaky':
        return links.makeFlaky(fault.machine === 'all' ? 'all' : this.#machine(fault.machine));
      case 'late-answers':
        return links.makeLate(this.#machine(fault.machine));
      case 'compact':
        compact();
        return undefined;
      default:
        return assertNever(fault, 'fault');
    }
  }

  /** One of all that have connections. */
  #machine(number: number): string {
    const { nodes, components, masters, onlooker } = this.#world;
    const machines = [...nodes, ...components].map(({ machine }) => machine.name);
    const all = [...machines, ...masters, onlooker];
    return all[number % all.length] ?? '';
  }

  #onNode(fault: Extract<ControlFault, { readonly node: number }>, node: SimNode): Undo {
    const { machine, process } = node;
    const { masters } = this.#world;
    switch (fault.kind) {
      case 'agent-kill':
        node.killAgent();
        return () => node.start();
      case 'node-power':
        node.powerLoss();
        return () => node.start();
      case 'node-gone':
        node.leave();
        return undefined;
      case 'agent-pause':
        process?.pause();
        return () => process?.resume();
      case 'node-slow':
        machine.slowness = 50;
        return () => {
          machine.slowness = 1;
        };
      case 'node-jump':
        machine.time.jump(fault.byMs);
        return undefined;
      case 'node-isolate':
        return this.#cut(machine.name, masters, fault.direction);
      case 'node-cut':
        return this.#cut(machine.name, [masters[fault.master % masters.length] ?? ''], 'both');
      default:
        return assertNever(fault, 'fault');
    }
  }

  #onComponent(
    fault: Extract<ControlFault, { readonly component: number }>,
    component: SimComponent,
  ): Undo {
    const { process, machine } = component;
    const { masters } = this.#world;
    switch (fault.kind) {
      case 'component-kill':
        component.kill();
        return () => component.start();
      case 'component-pause':
        process?.pause();
        return () => process?.resume();
      case 'component-cut':
        return this.#cut(machine.name, [masters[fault.master % masters.length] ?? ''], 'both');
      case 'component-isolate':
        return this.#cut(machine.name, masters, 'both');
      default:
        return assertNever(fault, 'fault');
    }
  }

  #cut(name: string, others: readonly string[], direction: 'in' | 'out' | 'both'): () => void {
    const { network } = this.#world;
    const cuts = others.flatMap((other): [string, string][] => [
      ...(direction === 'out' ? [] : [[other, name] as [string, string]]),
      ...(direction === 'in' ? [] : [[name, other] as [string, string]]),
    ]);
    for (const [from, to] of cuts) network.cut(from, to);
    return () => {
      for (const [from, to] of cuts) network.mend(from, to);
    };
  }
}
