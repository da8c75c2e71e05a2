export { Simulation, type SimulationOptions, type SimulationResult } from './simulation.ts';
