import { runStore } from './run.ts';

const { stdout: out, stderr: err } = process;
await runStore({ program: process, out, err }, process.env, process.argv.slice(2));
