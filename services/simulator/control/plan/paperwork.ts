import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import type { ControlPlan, UserStepKind } from './plan.ts';

const kinds: readonly UserStepKind[] = [
  'quota',
  'quota',
  'dependent',
  'dependent',
  'count',
  'delete-owner',
  'replace-owner',
  'server-side-apply',
  'list',
  'pages',
  'watch-past',
];

/** The same without a pod: what else there is has to be looked at for its own sake. */
export const asPaperwork = (plan: ControlPlan, rng: Rng): ControlPlan => ({
  ...plan,
  clients: plan.clients.map((steps) => steps.map((step) => ({ ...step, kind: pick(rng, kinds) }))),
});
