// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// NodeName is the name of the one node.
const NodeName = "stage-node"

const nodeAddress = "10.127.0.1"

// ensureNode creates the node and makes it Ready. It is never written again: no heartbeat disturbs whoever watches.
func ensureNode(ctx context.Context, client kubernetes.Interface, version string) error {
	nodes := client.CoreV1().Nodes()
	node, err := nodes.Get(ctx, NodeName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		node, err = nodes.Create(ctx, newNode(), metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("create the node: %w", err)
	}
	if len(node.Spec.Taints) > 0 {
		// Admission taints every new node as not ready (TaintNodesByCondition); no controller here takes that away.
		node.Spec.Taints = nil
		if node, err = nodes.Update(ctx, node, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("untaint the node: %w", err)
		}
	}
	if len(node.Status.Conditions) > 0 {
		return nil
	}
	node.Status = nodeStatus(version)
	if _, err := nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("make the node ready: %w", err)
	}
	return nil
}

func newNode() *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: NodeName,
		Labels: map[string]string{
			corev1.LabelHostname:   NodeName,
			corev1.LabelOSStable:   "linux",
			corev1.LabelArchStable: "amd64",
		},
	}}
}

func nodeStatus(version string) corev1.NodeStatus {
	resources := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("10000"),
		corev1.ResourceMemory:           resource.MustParse("64Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("64Ti"),
		corev1.ResourcePods:             resource.MustParse("100000"),
	}
	conditions := []corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "StageReady"},
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "StageReady"},
		{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "StageReady"},
		{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "StageReady"},
	}
	for i := range conditions {
		conditions[i].LastHeartbeatTime = metav1.Now()
		conditions[i].LastTransitionTime = metav1.Now()
	}
	return corev1.NodeStatus{
		Capacity:    resources,
		Allocatable: resources,
		Conditions:  conditions,
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: nodeAddress},
			{Type: corev1.NodeHostName, Address: NodeName},
		},
		NodeInfo: corev1.NodeSystemInfo{
			KubeletVersion:          version,
			ContainerRuntimeVersion: "stage://1",
			OSImage:                 "Capstan pod stage",
			KernelVersion:           "none",
			OperatingSystem:         "linux",
			Architecture:            "amd64",
		},
	}
}
