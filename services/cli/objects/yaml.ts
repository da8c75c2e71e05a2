import type { ScalarTag, Tags } from 'yaml';

const bool = 'tag:yaml.org,2002:bool';
const timestamp = 'tag:yaml.org,2002:timestamp';

/**
 * YAML 1.1 as kubectl reads it: `0644` is octal and `yes` is true, but `y` is a letter, a date is
 * text, and `22:22` is no number in base 60.
 */
export const manifestYaml = {
  version: '1.1',
  merge: true,
  customTags: (tags: Tags): Tags =>
    tags
      .filter(
        (tag) => typeof tag === 'string' || !(tag.tag === timestamp || formatOf(tag) === 'TIME'),
      )
      .map((tag) => {
        if (typeof tag === 'string' || tag.tag !== bool) return tag;
        const scalar = tag as ScalarTag;
        const words = scalar.test?.test('true') ? /^(yes|true|on)$/i : /^(no|false|off)$/i;
        return { ...scalar, test: words };
      }),
} as const;

const formatOf = (tag: object): unknown => ('format' in tag ? tag.format : undefined);
