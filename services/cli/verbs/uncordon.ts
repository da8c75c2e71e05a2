import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { cordonCommand } from '../objects/node-change.ts';

export const command = (context: Context): Command => cordonCommand(context, false);
