import { runStore } from './run.ts';

await runStore(process, process.env, process.argv.slice(2));
