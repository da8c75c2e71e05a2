import { refs, type ServiceAccount } from '#shared/api';
import type { Controller, ControllerContext } from '../controller.ts';
import { inEachNamespace } from '../each-namespace.ts';

/** The account that pods of a namespace run as where they name none. */
export const serviceAccountController = (context: ControllerContext): Controller =>
  inEachNamespace<ServiceAccount>(context, {
    controller: 'serviceaccount',
    ref: refs.serviceAccounts,
    name: 'default',
    wanted: {},
  });
