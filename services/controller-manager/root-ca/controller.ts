import { type ConfigMap, refs } from '#shared/api';
import type { Controller, ControllerContext } from '../controller.ts';
import { inEachNamespace } from '../each-namespace.ts';

const file = 'ca.crt';

/** Publishes the authority that the API servers' certificates come from, for pods to know them by. */
export const rootCaPublisher = (context: ControllerContext, rootCa: string): Controller => {
  const data = { [file]: rootCa };
  return inEachNamespace<ConfigMap>(context, {
    controller: 'root-ca-certificate-publisher',
    ref: refs.configMaps,
    name: 'kube-root-ca.crt',
    wanted: { data },
    mend: (there) => {
      const { data: present = {} } = there;
      const isRight = present[file] === rootCa && Object.keys(present).length === 1;
      return isRight ? undefined : { ...there, data };
    },
  });
};
