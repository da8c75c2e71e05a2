import { invalidValue } from '../causes.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { equalJson } from '../equal.ts';
import { getControllerOf } from '../owners.ts';
import type { ControllerRevision } from '../types.ts';
import { validateNonNegative } from '../validation/probes.ts';
import { declare } from './declare.ts';

export const controllerRevision = declare<ControllerRevision>({
  group: 'apps',
  resource: 'controllerrevisions',
  kind: 'ControllerRevision',
  columns: [
    nameColumn,
    column('Controller', controller, 'Whose revision it is.'),
    column('Revision', ({ revision }) => revision, 'Which one.', 'integer'),
    ageColumn,
  ],
  validate: (object, old) => {
    const causes = validateNonNegative(object, ['revision'], '').map((cause) => ({
      ...cause,
      field: 'revision',
    }));
    if (old && !equalJson(object.data, old.data)) {
      causes.push(invalidValue('data', object.data, 'field is immutable'));
    }
    return causes;
  },
});

function controller(object: ControllerRevision): string {
  const owner = getControllerOf(object);
  if (!owner) return none;
  const [group = '', version] = owner.apiVersion.split('/');
  const suffix = version === undefined ? '' : `.${group}`;
  return `${owner.kind.toLowerCase()}${suffix}/${owner.name}`;
}
