import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import type { Checker } from './checker.ts';
import { broken, container, named, podKey, Store } from './testing.ts';
import { Volumes } from './volumes.ts';

const volumeKey = '/registry/persistentvolumes/v';
const claimKey = (name: string): string => `/registry/persistentvolumeclaims/default/${name}`;

const volume = (uid: string | undefined, policy = 'Delete'): KubeObject =>
  ({
    metadata: { name: 'v', uid: 'v' },
    spec: {
      ...(uid !== undefined && { claimRef: { name: uid, namespace: 'default', uid } }),
      persistentVolumeReclaimPolicy: policy,
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'at', operator: 'In', values: ['n1'] }] },
          ],
        },
      },
    },
  }) as KubeObject;

const claim = (name: string, volumeName?: string): KubeObject =>
  ({
    ...named(
      name,
      name,
      volumeName === undefined ? {} : { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    ),
    spec: { ...(volumeName !== undefined && { volumeName }) },
  }) as KubeObject;

const pod = (node?: string): KubeObject =>
  ({
    ...named('p'),
    spec: {
      ...(node !== undefined && { nodeName: node }),
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'a' } }],
    },
  }) as KubeObject;

/** Volume v is claim a's. */
function setUp() {
  const relay: { checker?: Volumes } = {};
  const store = new Store({
    name: 'relay',
    changed: (change) => relay.checker?.changed(change),
  } satisfies Checker);
  const checker = new Volumes(store.history, 5);
  relay.checker = checker;
  for (const name of ['n1', 'n2'])
    store.put(`/registry/nodes/${name}`, { metadata: { name, uid: name, labels: { at: name } } });
  store.put(claimKey('a'), claim('a'));
  store.put(volumeKey, volume(undefined));
  store.put(volumeKey, volume('a'));
  store.put(claimKey('a'), claim('a', 'v'));
  return { store, checker };
}

test('a volume stays the one of its claim', () => {
  const { store } = setUp();
  expect(broken(() => store.put(volumeKey, volume('b')))).toContain(
    'was of claim a, and is of claim b',
  );
  expect(broken(() => setUp().store.put(volumeKey, volume(undefined)))).toContain('is let go');
  expect(broken(() => setUp().store.remove(volumeKey))).toContain('goes, and claim a has it');
});

test('a claim is bound to a volume that is its, for good', () => {
  const { store } = setUp();
  expect(broken(() => store.put(claimKey('b'), claim('b', 'v')))).toContain('which is not its');
  expect(broken(() => store.put(claimKey('a'), claim('a', 'w')))).toContain('had v, and has w');
});

test('a claim stays for as long as a pod uses it', () => {
  const { store } = setUp();
  store.put(podKey('p'), pod('n1'));
  for (let i = 0; i < 10; i++) store.put('/registry/configmaps/default/x', named('x'));
  expect(broken(() => store.remove(claimKey('a')))).toContain('goes, and p uses it');
});

test('a pod is where its volume is', () => {
  const { store, checker } = setUp();
  expect(broken(() => store.put(podKey('p'), pod('n2')))).toContain('its volume v is elsewhere');
  expect(broken(() => checker.started('n2', container('p')))).toContain('starts on n2');
  store.remove(podKey('p'));
  expect(broken(() => store.put(podKey('p'), pod('n1')))).toBe('kept');
  expect(broken(() => checker.started('n1', container('p')))).toBe('kept');
});

test('a pod whose claim has no volume is bound nowhere', () => {
  const { store } = setUp();
  const other = pod('n1') as { spec: { volumes: object[] } };
  other.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'b' } }];
  store.put(claimKey('b'), claim('b'));
  expect(broken(() => store.put(podKey('p'), other as KubeObject))).toContain('b has no volume');
});

test('nothing empties a volume that is used, or is to be kept', () => {
  const { store } = setUp();
  const empties = () => {
    const metadata = { name: 'delete-v', namespace: 'kube-system', uid: 'd' };
    store.put('/registry/pods/kube-system/delete-v', { metadata });
  };
  expect(broken(empties)).toContain('empties v, which claim a has');
  store.remove('/registry/pods/kube-system/delete-v');
  store.remove(claimKey('a'));
  expect(broken(empties)).toBe('kept');
  store.remove('/registry/pods/kube-system/delete-v');
  for (let i = 0; i < 10; i++) store.put(volumeKey, volume('a', 'Retain'));
  expect(broken(empties)).toContain('which is to be kept');
});
