// The name rules of Kubernetes' apimachinery util/validation, with its texts: each function answers
// with what is wrong, nothing where the value is fine.

const alnum = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${alnum}(\\.${alnum})*`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedPart = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${qualifiedPart})?`;
const envName = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const configKey = '[-._a-zA-Z0-9]+';

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const patterns = {
  label: whole(alnum),
  subdomain: whole(subdomain),
  label1035: whole(label1035),
  qualifiedPart: whole(qualifiedPart),
  labelValue: whole(labelValue),
  envName: whole(envName),
  configKey: whole(configKey),
};

/** `(e.g. 'a',  or 'b', regex used for validation is '…')`, spaces as Kubernetes has them. */
function rule(text: string, pattern: string, ...examples: string[]): string {
  const given = examples.map((example) => `'${example}'`).join(',  or ');
  return `${text} (e.g. ${given}, regex used for validation is '${pattern}')`;
}

export const tooManyCharacters = (max: number): string => `must be no more than ${max} characters`;

export function dnsLabel(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(tooManyCharacters(63));
  if (!patterns.label.test(value)) {
    errors.push(
      rule(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        alnum,
        'my-name',
        '123-abc',
      ),
    );
  }
  return errors;
}

export function dnsSubdomain(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 253) errors.push(tooManyCharacters(253));
  if (!patterns.subdomain.test(value)) {
    errors.push(
      rule(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomain,
        'example.com',
      ),
    );
  }
  return errors;
}

export function dns1035Label(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(tooManyCharacters(63));
  if (!patterns.label1035.test(value)) {
    errors.push(
      rule(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        label1035,
        'my-name',
        'abc-123',
      ),
    );
  }
  return errors;
}

const qualifiedText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const qualifiedExamples = ['MyName', 'my.name', '123-abc'];

/** `[prefix/]name`: label and annotation keys, resource names, finalizers. */
export function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    const text = rule(`a qualified name ${qualifiedText}`, qualifiedPart, ...qualifiedExamples);
    return [`${text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const errors: string[] = [];
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') errors.push('prefix part must be non-empty');
    else errors.push(...dnsSubdomain(prefix).map((error) => `prefix part ${error}`));
  }
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > 63) errors.push(`name part ${tooManyCharacters(63)}`);
  if (!patterns.qualifiedPart.test(name)) {
    errors.push(rule(`name part ${qualifiedText}`, qualifiedPart, ...qualifiedExamples));
  }
  return errors;
}

export function validLabelValue(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(tooManyCharacters(63));
  if (!patterns.labelValue.test(value)) {
    errors.push(
      rule(
        `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
        labelValue,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return errors;
}

export function envVarName(value: string): string[] {
  if (patterns.envName.test(value)) return dots(value);
  return [
    rule(
      "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
      envName,
      'my.env-name',
      'MY_ENV.NAME',
      'MyEnvName1',
    ),
  ];
}

/** A key of a ConfigMap's or a Secret's data. */
export function configMapKey(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 253) errors.push(tooManyCharacters(253));
  if (!patterns.configKey.test(value)) {
    errors.push(
      rule(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configKey,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  return [...errors, ...dots(value)];
}

function dots(value: string): string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

export const portRule = 'must be between 1 and 65535, inclusive';

export const validPort = (port: unknown): boolean =>
  typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;

/** The name of a port: IANA_SVC_NAME (RFC 6335). */
export function portName(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 15) errors.push(tooManyCharacters(15));
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) {
    errors.push('must not begin or end with a hyphen');
  }
  return errors;
}

const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);

export const isIPv4 = (value: string): boolean => ipv4.test(value);

export function isIPv6(value: string): boolean {
  const halves = value.split('::');
  if (halves.length > 2 || !/^[0-9a-fA-F:.]+$/.test(value)) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const v4Tail = last.includes('.') && isIPv4(last);
  const hex = v4Tail ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = hex.length + (v4Tail ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}

export const isIP = (value: string): boolean => isIPv4(value) || isIPv6(value);

export const ipRule = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** A name that only has to fit into a path: those of roles and their bindings. */
export function pathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%']
    .filter((character) => value.includes(character))
    .map((character) => `may not contain '${character}'`);
}

export function isCidr(value: string): boolean {
  const [address = '', prefix = '', ...more] = value.split('/');
  if (more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return false;
  return isIPv4(address) ? Number(prefix) <= 32 : isIPv6(address) && Number(prefix) <= 128;
}
