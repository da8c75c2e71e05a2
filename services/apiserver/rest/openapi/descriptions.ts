import type { Descriptions } from './definitions.ts';

/** Long texts, for those who ask. */
export async function loadDescriptions(): Promise<Descriptions> {
  const { default: texts } = await import('../../../../shared/api/gen/descriptions.json', {
    with: { type: 'json' },
  });
  return texts;
}
