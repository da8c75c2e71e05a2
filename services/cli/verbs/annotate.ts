import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { changeMapCommand } from '../objects/change-map.ts';

export const command = (context: Context): Command =>
  changeMapCommand(context, 'annotations', 'annotate');
