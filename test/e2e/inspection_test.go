// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const webDeployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1,
  selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},
    spec: {containers: [{name: web, image: "web:1"}]}}}}
`

// tree reads applications/tree.
func (s *story) tree(name string) v1alpha1.ApplicationTree {
	s.Helper()
	var tree v1alpha1.ApplicationTree
	s.ok(json.Unmarshal([]byte(s.run(s.hub, "get", "--raw", syncPath+name+"/tree")), &tree))
	return tree
}

func TestTheTreeShowsWhatAnApplicationOwnsAndNothingElse(t *testing.T) {
	s := begin(t, "tree", map[string]string{"app/web.yaml": webDeployment})
	s.apply(s.application("tree", staging, "app", ""))
	s.settled("tree")
	s.run(stage.Plane.Kubectl(staging), "create", "configmap", "stranger", "-n", "tree")

	tree := s.tree("tree")
	kinds := map[string]v1alpha1.ResourceNode{}
	for _, node := range tree.Nodes {
		kinds[node.Kind] = node
	}
	if len(tree.Nodes) != 3 || len(tree.Unread) > 0 {
		t.Errorf("the tree is %+v", tree)
	}
	if pod := kinds["Pod"]; len(pod.ParentRefs) != 1 || pod.ParentRefs[0].UID != kinds["ReplicaSet"].UID ||
		len(pod.Images) != 1 || pod.Images[0] != "web:1" || pod.Health == nil || pod.Health.Status != "Healthy" {
		t.Errorf("the pod is %+v", pod)
	}
	if web := kinds["Deployment"]; !web.Managed || web.CreatedAt == nil || web.UID == "" {
		t.Errorf("the Deployment is %+v", web)
	}

	events := s.run(s.hub, "get", "--raw", syncPath+"tree/events")
	for _, reason := range []string{"OperationCompleted", "ScalingReplicaSet", "SuccessfulCreate"} {
		if !strings.Contains(events, reason) {
			t.Errorf("the Events do not tell of %s: %s", reason, events)
		}
	}
	if _, err := s.hub.Run(s.ctx, "get", "--raw", syncPath+"tree/log?podName=no-such-pod"); err == nil ||
		!strings.Contains(err.Error(), "not found") {
		t.Errorf("the log of no pod is answered by %v", err)
	}
	s.remove("tree")
}
