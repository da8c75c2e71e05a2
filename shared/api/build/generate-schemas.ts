// Writes gen/schemas.json: structural schemas of the built-in kinds, read from the declarations of
// the kubernetes-types package; and gen/descriptions.json, what those say to people. Run by
// `npm run gen`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import ts from 'typescript';
import {
  atomicMaps,
  keyDefaults,
  listTypes,
  mergeKeys,
  retainKeys,
  unwrittenZeros,
  writtenEmpty,
} from './field-rules.ts';

const roots = [
  ['core/v1', 'Namespace', 'Node', 'Pod', 'Service', 'ConfigMap', 'Secret', 'Event', 'Binding'],
  [
    'core/v1',
    'ComponentStatus',
    'Endpoints',
    'LimitRange',
    'PersistentVolume',
    'PersistentVolumeClaim',
  ],
  ['core/v1', 'PodTemplate', 'ReplicationController', 'ResourceQuota', 'ServiceAccount'],
  ['apps/v1', 'ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  ['authentication/v1', 'SelfSubjectReview', 'TokenRequest', 'TokenReview'],
  [
    'authorization/v1',
    'LocalSubjectAccessReview',
    'SelfSubjectAccessReview',
    'SelfSubjectRulesReview',
    'SubjectAccessReview',
  ],
  ['autoscaling/v1', 'HorizontalPodAutoscaler', 'Scale'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['batch/v1', 'CronJob', 'Job'],
  ['certificates/v1', 'CertificateSigningRequest'],
  ['coordination/v1', 'Lease'],
  ['discovery/v1', 'EndpointSlice'],
  ['events/v1', 'Event'],
  ['networking/v1', 'Ingress', 'IngressClass', 'NetworkPolicy'],
  ['node/v1', 'RuntimeClass'],
  ['policy/v1', 'Eviction', 'PodDisruptionBudget'],
  ['rbac/v1', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  ['scheduling/v1', 'PriorityClass'],
  ['storage/v1', 'CSIDriver', 'CSINode', 'CSIStorageCapacity', 'StorageClass', 'VolumeAttachment'],
] as const;

type Node = Record<string, unknown>;

const packageDir = dirname(createRequire(import.meta.url).resolve('kubernetes-types/package.json'));
const modules = new Map<string, ts.SourceFile>();
const definitions: Record<string, Node> = {};
/** By definition: of itself at '', and of its fields. */
const descriptions: Record<string, Record<string, string>> = {};

function load(name: string): ts.SourceFile {
  let source = modules.get(name);
  if (!source) {
    const path = resolve(packageDir, `${name}.d.ts`);
    source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext, true);
    modules.set(name, source);
  }
  return source;
}

/** The module that a name used in `module` comes from. */
function origin(module: string, name: string): string {
  for (const statement of load(module).statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings)) continue;
    if (!bindings.elements.some((element) => element.name.text === name)) continue;
    const path = resolve(
      packageDir,
      dirname(module),
      (statement.moduleSpecifier as ts.StringLiteral).text,
    );
    return relative(packageDir, path);
  }
  return module;
}

/** Types that are not what their declaration says: strings with a format, or anything at all. */
const special: Record<string, Node> = {
  Time: { type: 'string', format: 'date-time' },
  MicroTime: { type: 'string', format: 'date-time' },
  Quantity: { 'x-kubernetes-int-or-string': true, format: 'quantity' },
  FieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  RawExtension: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
};

/** Integers of 64 bits; the declarations do not tell them from those of 32. */
const int64 = new Set([
  'activeDeadlineSeconds',
  'deletionGracePeriodSeconds',
  'expirationSeconds',
  'fsGroup',
  'generation',
  'gid',
  'gracePeriodSeconds',
  'observedGeneration',
  'revision',
  'runAsGroup',
  'runAsUser',
  'seconds',
  'sizeBytes',
  'startingDeadlineSeconds',
  'supplementalGroups',
  'terminationGracePeriodSeconds',
  'tolerationSeconds',
]);

function convert(module: string, type: ts.TypeNode): Node {
  if (ts.isUnionTypeNode(type)) return { 'x-kubernetes-int-or-string': true };
  if (ts.isLiteralTypeNode(type)) return { type: 'string' };
  if (type.kind === ts.SyntaxKind.StringKeyword) return { type: 'string' };
  if (type.kind === ts.SyntaxKind.BooleanKeyword) return { type: 'boolean' };
  // No built-in kind here has a fraction in it.
  if (type.kind === ts.SyntaxKind.NumberKeyword) return { type: 'integer' };
  if (ts.isTypeLiteralNode(type)) {
    const index = type.members.find(ts.isIndexSignatureDeclaration);
    if (!index) throw new Error(`${module}: an object type without an index signature`);
    return { type: 'object', additionalProperties: convert(module, index.type) };
  }
  if (!ts.isTypeReferenceNode(type) || !ts.isIdentifier(type.typeName)) {
    throw new Error(`${module}: cannot read a type of kind ${ts.SyntaxKind[type.kind]}`);
  }
  const name = type.typeName.text;
  if (name === 'Array') {
    const [item] = type.typeArguments ?? [];
    if (!item) throw new Error(`${module}: an array of nothing`);
    return { type: 'array', items: convert(module, item) };
  }
  return special[name] ?? { $ref: define(origin(module, name), name) };
}

function describe(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return ts.getTextOfJSDocComment(comment?.comment)?.trim() ?? '';
}

function patchStrategy(field: string): Node {
  const key = mergeKeys[field];
  const retain = retainKeys.has(field);
  if (key === undefined && !retain) return {};
  const strategies = [...(key === undefined ? [] : ['merge']), ...(retain ? ['retainKeys'] : [])];
  return {
    'x-kubernetes-patch-strategy': strategies.join(','),
    ...(key && { 'x-kubernetes-patch-merge-key': key }),
  };
}

function ownership(field: string): Node {
  const type = listTypes[field];
  const fallback = keyDefaults[field];
  return {
    ...(type !== undefined && { 'x-kubernetes-list-type': Array.isArray(type) ? 'map' : type }),
    ...(Array.isArray(type) && { 'x-kubernetes-list-map-keys': type }),
    ...(atomicMaps.has(field) && { 'x-kubernetes-map-type': 'atomic' }),
    ...(fallback !== undefined && { default: fallback }),
  };
}

function isUnwritten(
  name: string,
  key: string,
  member: ts.PropertySignature,
  schema: Node,
): boolean {
  if (unwrittenZeros[name]?.includes(key)) return true;
  const isCollection = schema['type'] === 'array' || 'additionalProperties' in schema;
  return isCollection && member.questionToken !== undefined && !writtenEmpty.has(`${name}.${key}`);
}

/** Adds the interface's schema to the definitions, and those of all that it uses. */
function define(module: string, name: string): string {
  const id = `${module}.${name}`;
  if (definitions[id]) return id;
  const declared = load(module).statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (!declared) throw new Error(`${id} is not an interface`);
  const properties: Record<string, Node> = {};
  const required: string[] = [];
  const described: Record<string, string> = { '': describe(declared) };
  descriptions[id] = described;
  definitions[id] = { type: 'object', properties, required, ...ownership(name) };
  for (const member of declared.members) {
    if (!ts.isPropertySignature(member) || !member.type) throw new Error(`${id}: odd member`);
    const key = (member.name as ts.Identifier | ts.StringLiteral).text;
    const schema = convert(module, member.type);
    if (schema['type'] === 'integer' && !int64.has(key)) schema['format'] = 'int32';
    properties[key] = {
      ...schema,
      ...patchStrategy(`${name}.${key}`),
      ...ownership(`${name}.${key}`),
      ...(isUnwritten(name, key, member, schema) && { 'x-omit-empty': true }),
    };
    if (!member.questionToken) required.push(key);
    described[key] = describe(member);
  }
  if (required.length === 0) delete definitions[id].required;
  return id;
}

for (const [module, ...kinds] of roots) for (const kind of kinds) define(module, kind);
const output = resolve(import.meta.dirname, '../gen');
mkdirSync(output, { recursive: true });
writeFileSync(resolve(output, 'schemas.json'), JSON.stringify(definitions));
writeFileSync(resolve(output, 'descriptions.json'), JSON.stringify(descriptions));
