import { beforeEach, describe, expect, it } from 'vitest';
import {
  type KubeObject,
  type LimitRange,
  type PersistentVolumeClaim,
  type Pod,
  type PriorityClass,
  refs,
  type ResourceQuota,
} from '#shared/api';
import { type ApiClient } from '#shared/client';
import type { User } from '../auth/user.ts';
import { pod, startApi, type TestApi } from '../testing/api-on-mvcc.ts';

let t: TestApi;
beforeEach(async () => {
  t = await startApi({ admission: {} });
  await t.api.create(refs.serviceAccounts, { metadata: { name: 'default' } });
});

const known = ['system:authenticated'];
const as = (user: Partial<User> & { name: string }): ApiClient =>
  t.server.apiAs({ groups: known, ...user });
const messageOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await t.settle(promise);
    return 'ok';
  } catch (thrown) {
    return (thrown as Error).message;
  }
};
/** What was written shows in the caches, which roles, classes and limits are read from. */
const seen = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await t.clock.advance(0);
};

describe('a new pod', () => {
  it('runs as an account that exists, with a priority, and leaves lost nodes', async () => {
    const { spec, metadata } = await t.api.create<Pod>(refs.pods, pod('a'));
    // Nobody owns what admission adds, or an apply without it would take it away.
    expect(JSON.stringify(metadata?.managedFields)).not.toMatch(/f:(tolerations|priority|volumes)/);
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
    });
    const other = pod('b');
    other.spec = { containers: [], ...other.spec, serviceAccountName: 'ghost' };
    expect(await messageOf(t.api.create(refs.pods, other))).toBe(
      'pods "b" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
    );
  });

  it('hears first of all that its namespace is not there, or is going', async () => {
    const elsewhere = (namespace: string): Pod => ({
      ...pod('a'),
      metadata: { name: 'a', namespace },
    });
    expect(await messageOf(t.api.create(refs.pods, elsewhere('nowhere')))).toBe(
      'namespaces "nowhere" not found',
    );
    await t.api.create(refs.namespaces, { metadata: { name: 'going' } });
    await t.api.delete(refs.namespaces, 'going');
    expect(await messageOf(t.api.create(refs.pods, elsewhere('going')))).toBe(
      'pods "a" is forbidden: unable to create new content in namespace going because it is being terminated',
    );
  });

  it('of a runtime class has its overhead, and goes where it is', async () => {
    const toleration = { key: 'gvisor', operator: 'Exists' };
    await t.api.create(refs.runtimeClasses, {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'sandboxed' },
      handler: 'runsc',
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { sandbox: 'yes' }, tolerations: [toleration] },
    } as KubeObject);
    const of = (spec: object): Pod => {
      const made = pod('a');
      return { ...made, spec: { containers: [], ...made.spec, ...spec } };
    };
    const runtimeClassName = 'sandboxed';
    const refusals: [object, string][] = [
      [{ runtimeClassName: 'ghost' }, 'pod rejected: RuntimeClass "ghost" not found'],
      [
        { overhead: { cpu: '1' } },
        'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      ],
      [
        { runtimeClassName, overhead: { cpu: '1' } },
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
      ],
      [
        { runtimeClassName, nodeSelector: { sandbox: 'no' } },
        'conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no',
      ],
    ];
    for (const [spec, why] of refusals) {
      expect(await messageOf(t.api.create(refs.pods, of(spec)))).toBe(
        `pods "a" is forbidden: ${why}`,
      );
    }
    const body = of({ runtimeClassName, overhead: { cpu: '0.25' } });
    const { spec } = await t.api.create<Pod>(refs.pods, body);
    expect(spec).toMatchObject({ overhead: { cpu: '250m' }, nodeSelector: { sandbox: 'yes' } });
    expect(spec?.tolerations).toContainEqual(toleration);
  });

  it('has a token of its account where clients look for it, unless it or its account has none', async () => {
    const path = '/var/run/secrets/kubernetes.io/serviceaccount';
    const mountsOf = async (object: Pod): Promise<unknown> => {
      const { spec } = await t.api.create<Pod>(refs.pods, object);
      const mounts = spec?.containers[0]?.volumeMounts;
      expect(mounts?.map(({ name }) => name)).toEqual(spec?.volumes?.map(({ name }) => name));
      return mounts?.map(({ mountPath }) => mountPath);
    };
    expect(await mountsOf(pod('a'))).toEqual([path]);
    const { spec } = await t.api.get<Pod>(refs.pods, 'a', 'default');
    expect(spec?.volumes?.[0]?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(spec?.volumes?.[0]?.projected?.sources).toHaveLength(3);
    const changed = (name: string, more: object): Pod => ({
      ...pod(name),
      spec: { containers: [], ...pod(name).spec, ...more },
    });
    expect(await mountsOf(changed('b', { automountServiceAccountToken: false }))).toBeUndefined();
    const account = { metadata: { name: 'shy' }, automountServiceAccountToken: false };
    await t.api.create(refs.serviceAccounts, account);
    expect(await mountsOf(changed('c', { serviceAccountName: 'shy' }))).toBeUndefined();
    const own = { name: 'own', mountPath: path };
    const containers = [{ name: 'main', image: 'none', volumeMounts: [own] }];
    expect(await mountsOf(changed('d', { containers, volumes: [{ name: 'own' }] }))).toEqual([
      path,
    ]);
  });

  it('is a claim of the default class where it names none, and kept while it is used', async () => {
    const claim = (name: string, more: object = {}): KubeObject => {
      const resources = { requests: { storage: '1Gi' } };
      const spec = { accessModes: ['ReadWriteOnce'], resources, ...more };
      return { metadata: { name }, spec } as KubeObject;
    };
    const create = async (object: KubeObject): Promise<PersistentVolumeClaim> =>
      t.api.create(refs.persistentVolumeClaims, object);
    expect((await create(claim('early'))).spec?.storageClassName).toBeUndefined();
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const standard = { metadata: { name: 'standard', annotations }, provisioner: 'a/b' };
    await t.api.create(refs.storageClasses, standard);
    await seen();
    const made = await create(claim('data'));
    expect(made.spec?.storageClassName).toBe('standard');
    expect(made.metadata?.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const none = await create(claim('none', { storageClassName: '' }));
    expect(none.spec?.storageClassName).toBe('');
    const resize = (storage: string): Promise<string> =>
      t.api
        .patch(refs.persistentVolumeClaims, 'data', 'merge', {
          spec: { resources: { requests: { storage } } },
        })
        .then(
          () => 'ok',
          (thrown: Error) => thrown.message,
        );
    expect(await resize('2Gi')).toContain('Only bound persistent volume claims can be expanded');
    const bound = { status: { phase: 'Bound', capacity: { storage: '1Gi' } } };
    await t.api.patch(refs.persistentVolumeClaims, 'data', 'merge', bound, {
      subresource: 'status',
    });
    expect(await resize('2Gi')).toContain('must support resize');
    expect(await resize('1Mi')).toContain('field can not be less than status.capacity');
  });

  it('takes the priority of its class, and no other', async () => {
    const own: PriorityClass = { metadata: { name: 'high' }, value: 7 };
    await t.api.create(refs.priorityClasses, own);
    await seen();
    const high = pod('a');
    high.spec = { containers: [], ...high.spec, priorityClassName: 'high' };
    expect((await t.api.create<Pod>(refs.pods, high)).spec?.priority).toBe(7);
    high.spec = { ...high.spec, priority: 8 };
    expect(await messageOf(t.api.create(refs.pods, { ...high, metadata: { name: 'b' } }))).toBe(
      'pods "b" is forbidden: the integer value of priority (8) must not be provided in pod spec; priority admission controller computed 7 from the given PriorityClass name',
    );
    high.spec = { containers: high.spec.containers, priorityClassName: 'none' };
    expect(await messageOf(t.api.create(refs.pods, { ...high, metadata: { name: 'c' } }))).toBe(
      'pods "c" is forbidden: no PriorityClass with name none was found',
    );
  });

  it('keeps to the limits of its namespace', async () => {
    const limits = [
      { type: 'Container', max: { cpu: '1' }, default: { cpu: '500m' }, min: { cpu: '100m' } },
    ];
    const range: LimitRange = { metadata: { name: 'l' }, spec: { limits } };
    await t.api.create(refs.limitRanges, range);
    await seen();
    const { spec } = await t.api.create<Pod>(refs.pods, pod('a'));
    expect(spec?.containers[0]?.resources).toEqual({
      limits: { cpu: '500m' },
      requests: { cpu: '500m' },
    });
    const large = pod('b');
    const [container] = large.spec?.containers ?? [];
    if (container) container.resources = { limits: { cpu: '2' } };
    expect(await messageOf(t.api.create(refs.pods, large))).toBe(
      'pods "b" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    );
  });
});

describe('roles', () => {
  const rbac = 'rbac.authorization.k8s.io';
  const bindTo = (name: string, role: string, user: string): KubeObject =>
    ({
      metadata: { name, namespace: 'default' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
    }) as KubeObject;

  it('are handed out by those who hold them', async () => {
    await t.api.create(refs.roleBindings, bindTo('bob', 'admin', 'bob'));
    await seen();
    const bob = as({ name: 'bob' });
    expect(await messageOf(bob.create(refs.roleBindings, bindTo('c', 'edit', 'carol')))).toBe('ok');
    expect(
      await messageOf(bob.create(refs.roleBindings, bindTo('d', 'cluster-admin', 'bob'))),
    ).toContain('user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC');
    const role = (name: string, resources: string[]): KubeObject =>
      ({
        metadata: { name },
        rules: [{ apiGroups: [''], resources, verbs: ['get'] }],
      }) as KubeObject;
    expect(await messageOf(bob.create(refs.roles, role('r', ['pods'])))).toBe('ok');
    expect(await messageOf(bob.create(refs.roles, role('s', ['nodes'])))).toBe(
      'roles.rbac.authorization.k8s.io "s" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    const wider = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    expect(await messageOf(bob.patch(refs.roles, 'r', 'merge', { rules: wider }, {}))).toContain(
      'attempting to grant',
    );
    expect((await t.api.get<KubeObject>(refs.roles, 'r', 'default')) as unknown).toMatchObject({
      rules: [{ resources: ['pods'] }],
    });
  });
});

describe('an agent', () => {
  const node = (name: string): User => ({
    name: `system:node:${name}`,
    groups: ['system:nodes', ...known],
  });

  it('touches its own node, pods and secrets alone', async () => {
    for (const name of ['w1', 'w2']) await t.api.create(refs.nodes, { metadata: { name } });
    for (const name of ['mine', 'other']) {
      await t.api.create(refs.secrets, { metadata: { name } });
    }
    const bound = async (name: string, nodeName: string, secret: string): Promise<void> => {
      const made = pod(name);
      made.spec = {
        containers: [],
        ...made.spec,
        nodeName,
        volumes: [{ name: 's', secret: { secretName: secret } }],
      };
      await t.api.create(refs.pods, made);
    };
    await bound('a', 'w1', 'mine');
    await bound('b', 'w2', 'other');
    await seen();
    const w1 = as(node('w1'));
    expect(await messageOf(w1.get(refs.secrets, 'mine', 'default'))).toBe('ok');
    expect(await messageOf(w1.get(refs.secrets, 'other', 'default'))).toContain(
      `no relationship found between node 'w1' and this object`,
    );
    expect(await messageOf(w1.list(refs.secrets))).toContain('cannot list resource "secrets"');
    const one = (name: string) => ({
      namespace: 'default',
      fieldSelector: `metadata.name=${name}`,
    });
    expect(await messageOf(w1.list(refs.secrets, one('mine')))).toBe('ok');
    expect(await messageOf(w1.list(refs.secrets, one('other')))).toContain('no relationship found');
    const token = (name: string, uid: string): Promise<string> => {
      const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
      const body = { kind: 'TokenRequest', spec: { boundObjectRef } } as KubeObject;
      const place = { namespace: 'default' };
      return messageOf(w1.createSubresource(refs.serviceAccounts, 'default', 'token', body, place));
    };
    const uidOf = async (name: string): Promise<string> =>
      (await t.api.get(refs.pods, name, 'default')).metadata?.uid ?? '';
    expect(await token('b', await uidOf('b'))).toContain(
      'can only create tokens bound to a pod with spec.nodeName set to itself',
    );
    expect(await token('a', 'another')).toContain('bound to a pod of another uid');
    expect(await token('', '')).toContain('can only create tokens that are bound to a pod');
    // Allowed as far as this test's server goes: it has no keys to sign with.
    expect(await token('a', await uidOf('a'))).not.toContain('forbidden');
    const status = { namespace: 'default', subresource: 'status' };
    const ready = { status: { phase: 'Running' } };
    expect(await messageOf(w1.patch(refs.pods, 'a', 'merge', ready, status))).toBe('ok');
    expect(await messageOf(w1.patch(refs.pods, 'b', 'merge', ready, status))).toBe(
      'pods "b" is forbidden: node "w1" can only update pod status for pods with spec.nodeName set to itself',
    );
    expect(await messageOf(w1.delete(refs.pods, 'b', { namespace: 'default' }))).toContain(
      'can only delete pods with spec.nodeName set to itself',
    );
    const label = { metadata: { labels: { a: 'b' } } };
    expect(await messageOf(w1.patch(refs.nodes, 'w1', 'merge', label))).toBe('ok');
    expect(await messageOf(w1.patch(refs.nodes, 'w2', 'merge', label))).toBe(
      'nodes "w2" is forbidden: node "w1" is not allowed to modify node "w2"',
    );
    const taint = { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } };
    expect(await messageOf(w1.patch(refs.nodes, 'w1', 'merge', taint))).toContain(
      'is not allowed to modify taints',
    );
    expect(await messageOf(w1.create(refs.pods, pod('c')))).toContain('config.mirror');
    const named = { ...node('w1'), groups: known };
    expect(await messageOf(as(named).get(refs.nodes, 'w1'))).toContain('cannot get resource');
  });
});

it('a LimitRange bounds whole pods and claims too', async () => {
  const limits = [
    { type: 'Pod', max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '2' } },
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } },
  ];
  await t.api.create(refs.limitRanges, { metadata: { name: 'l' }, spec: { limits } });
  await seen();
  const two = pod('two');
  const resources = { limits: { cpu: '600m' }, requests: { cpu: '200m' } };
  const [container] = two.spec?.containers ?? [];
  if (!two.spec || !container) throw new Error('a container');
  two.spec.containers = ['a', 'b'].map((name) => ({ ...container, name, resources }));
  expect(await messageOf(t.api.create(refs.pods, two))).toBe(
    'pods "two" is forbidden: [maximum cpu usage per Pod is 1, but limit is 1200m, cpu max limit to request ratio per Pod is 2, but provided ratio is 3.000000]',
  );
  const claim = (storage: string): KubeObject =>
    ({
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    }) as KubeObject;
  expect(await messageOf(t.api.create(refs.persistentVolumeClaims, claim('6Gi')))).toBe(
    'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi',
  );
  expect(await messageOf(t.api.create(refs.persistentVolumeClaims, claim('2Gi')))).toBe('ok');
});

describe('a ResourceQuota', () => {
  const quota = async (hard: Record<string, string>, spec: object = {}): Promise<void> => {
    await t.api.create(refs.resourceQuotas, {
      metadata: { name: 'q' },
      spec: { hard, ...spec },
    } as KubeObject);
    // As its controller writes it.
    const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
    const status = { hard, used };
    await t.api.patch(refs.resourceQuotas, 'q', 'merge', { status }, { subresource: 'status' });
    await seen();
  };
  const used = async (): Promise<unknown> =>
    (await t.api.get<ResourceQuota>(refs.resourceQuotas, 'q')).status?.used;
  const sized = (name: string, cpu: string): Pod => {
    const given = pod(name);
    const [container] = given.spec?.containers ?? [];
    if (container) container.resources = { requests: { cpu }, limits: { cpu } };
    return given;
  };

  it('is charged for what is created, until it has no more', async () => {
    await quota({ pods: '2', 'requests.cpu': '1' });
    await t.api.create(refs.pods, sized('a', '600m'));
    expect(await used()).toEqual({ pods: '1', 'requests.cpu': '600m' });
    expect(await messageOf(t.api.create(refs.pods, sized('b', '500m')))).toBe(
      'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    );
    await t.api.create(refs.pods, sized('b', '400m'));
    expect(await messageOf(t.api.create(refs.pods, sized('c', '0')))).toBe(
      'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    );
    expect(await used()).toEqual({ pods: '2', 'requests.cpu': '1' });
  });

  it('is not charged for a dry run, and not twice by many at once', async () => {
    await quota({ pods: '3', 'count/configmaps': '1' });
    await t.api.create(refs.pods, pod('dry'), { dryRun: true });
    expect(await used()).toMatchObject({ pods: '0' });
    const names = Array.from({ length: 8 }, (_, i) => `p${i}`);
    const results = await Promise.all(
      names.map((name) => messageOf(t.api.create(refs.pods, pod(name)))),
    );
    expect(results.filter((each) => each === 'ok')).toHaveLength(3);
    expect(await used()).toMatchObject({ pods: '3' });
  });

  it('of computing resources refuses pods that say nothing of them', async () => {
    await quota({ 'requests.cpu': '1', 'limits.memory': '1Gi', cpu: '2' });
    expect(await messageOf(t.api.create(refs.pods, pod('a')))).toBe(
      'pods "a" is forbidden: failed quota: q: must specify cpu for: main; limits.memory for: main; requests.cpu for: main',
    );
  });

  it('whose controller has not looked yet lets nothing through', async () => {
    await t.api.create(refs.resourceQuotas, {
      metadata: { name: 'q' },
      spec: { hard: { pods: '1' } },
    } as KubeObject);
    await seen();
    expect(await messageOf(t.api.create(refs.pods, pod('a')))).toBe(
      'pods "a" is forbidden: status unknown for quota: q, resources: pods',
    );
  });

  it('with scopes is only about the pods that they pick', async () => {
    await quota({ pods: '0' }, { scopes: ['Terminating'] });
    await t.api.create(refs.pods, pod('a'));
    const short = pod('b');
    short.spec = { containers: [], ...short.spec, activeDeadlineSeconds: 5 };
    expect(await messageOf(t.api.create(refs.pods, short))).toBe(
      'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
    );
  });
});
