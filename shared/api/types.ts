import type * as apps from 'kubernetes-types/apps/v1.js';
import type * as coordination from 'kubernetes-types/coordination/v1.js';
import type * as core from 'kubernetes-types/core/v1.js';
import type * as discovery from 'kubernetes-types/discovery/v1.js';
import type * as meta from 'kubernetes-types/meta/v1.js';
import type { KubeObject } from './object.ts';

/**
 * Kubernetes' type of a kind with our type of its metadata, so that it is a KubeObject. Status is
 * ours to write.
 */
type Fit<T> = {
  -readonly [Field in keyof T as Exclude<Field, 'apiVersion' | 'kind' | 'metadata'>]: T[Field];
} & KubeObject;

export type Namespace = Fit<core.Namespace>;
export type Node = Fit<core.Node>;
export type Pod = Fit<core.Pod>;
export type Service = Fit<core.Service>;
export type ConfigMap = Fit<core.ConfigMap>;
export type Secret = Fit<core.Secret>;
export type Event = Fit<core.Event>;
export type Binding = Fit<core.Binding>;
export type Deployment = Fit<apps.Deployment>;
export type ReplicaSet = Fit<apps.ReplicaSet>;
export type EndpointSlice = Fit<discovery.EndpointSlice>;
export type Lease = Fit<coordination.Lease>;

export type Container = core.Container;
export type ContainerState = core.ContainerState;
export type ContainerStatus = core.ContainerStatus;
export type EnvVar = core.EnvVar;
export type NodeCondition = core.NodeCondition;
export type NodeStatus = core.NodeStatus;
export type PodCondition = core.PodCondition;
export type PodSpec = core.PodSpec;
export type PodStatus = core.PodStatus;
export type PodTemplateSpec = core.PodTemplateSpec;
export type Probe = core.Probe;
export type ServicePort = core.ServicePort;
export type Taint = core.Taint;
export type Toleration = core.Toleration;
export type DeploymentCondition = apps.DeploymentCondition;
export type DeploymentSpec = apps.DeploymentSpec;
export type DeploymentStatus = apps.DeploymentStatus;
export type ReplicaSetStatus = apps.ReplicaSetStatus;
export type Endpoint = discovery.Endpoint;
export type EndpointPort = discovery.EndpointPort;
export type LabelSelector = meta.LabelSelector;
export type Status = meta.Status;
