// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

const webDeployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1,
  selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},
    spec: {containers: [{name: web, image: "web:1"}]}}}}
`

// tree reads applications/tree.
func (s *story) tree(name string) v1alpha1.ApplicationTree {
	s.Helper()
	var tree v1alpha1.ApplicationTree
	s.OK(json.Unmarshal([]byte(s.Kubectl(s.Hub, "get", "--raw", syncPath+name+"/tree")), &tree))
	return tree
}

func TestTheTreeShowsWhatAnApplicationOwnsAndNothingElse(t *testing.T) {
	t.Parallel()
	s := begin(t, "tree", map[string]string{"app/web.yaml": webDeployment})
	s.Apply(s.Application("tree", staging, "app", ""))
	s.Settled("tree")
	s.Kubectl(stage.Plane.Kubectl(staging), "create", "configmap", "stranger", "-n", "tree")

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

	events := s.Kubectl(s.Hub, "get", "--raw", syncPath+"tree/events")
	for _, reason := range []string{"OperationCompleted", "ScalingReplicaSet", "SuccessfulCreate"} {
		if !strings.Contains(events, reason) {
			t.Errorf("the Events do not tell of %s: %s", reason, events)
		}
	}
	if _, err := s.Hub.Run(s.Context(), "get", "--raw", syncPath+"tree/log?podName=no-such-pod"); err == nil ||
		!strings.Contains(err.Error(), "not found") {
		t.Errorf("the log of no pod is answered by %v", err)
	}
	s.Remove("tree")
}

func TestAnActionReachesWhatTheApplicationOwnsAndNothingElse(t *testing.T) {
	t.Parallel()
	s := begin(t, "deeds", map[string]string{
		"app/web.yaml": webDeployment,
		"app/job.yaml": `{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}, spec: {schedule: "0 0 1 1 *",
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "c:1"}]}}}}}}
`})
	s.Apply(s.Application("deeds", staging, "app", "{syncOptions: [CreateNamespace=true]}"),
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: restart, namespace: argocd}, rules: [
  {apiGroups: [argoproj.io], resources: [applications/action], verbs: [create]},
  {apiGroups: [argoproj.io], resources: [applications/action], verbs: [run], resourceNames: [apps/Deployment/restart]}]}
`, `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: restart, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: restart},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: olga}]}
`)
	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"deeds/sync", "-f", "-")
	s.OK(err)
	s.Settled("deeds")
	there := stage.Plane.Kubectl(staging)
	s.Kubectl(there, "create", "deployment", "stranger", "--image=x:1", "-n", "deeds")

	if list := s.Kubectl(s.Hub, "get", "--raw", syncPath+"deeds/actions?group=apps&kind=Deployment&namespace=deeds&name=web"); !strings.Contains(list, `"restart"`) {
		t.Errorf("the actions are %s", list)
	}
	olga := s.Hub.As("olga")
	act := func(action, kind, name string) error {
		group := map[string]string{"Deployment": "apps", "CronJob": "batch"}[kind]
		body := `{"action":"` + action + `","resource":{"group":"` + group + `","kind":"` + kind + `","namespace":"deeds","name":"` + name + `"}}`
		_, failed := olga.Input(s.Context(), body, "create", "--raw", syncPath+"deeds/action", "-f", "-")
		return failed
	}
	s.OK(act("restart", "Deployment", "web"))
	s.Until(there, func(out string) bool { return out != "" }, "get", "deployment", "web", "-n", "deeds", "-o",
		`jsonpath={.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}`)
	if err = act("pause", "Deployment", "web"); err == nil || !strings.Contains(err.Error(), "apps/Deployment/pause") {
		t.Errorf("an action without the right to it: %v", err)
	}
	if err = act("restart", "Deployment", "stranger"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("an action on what is not of the Application: %v", err)
	}
	body := `{"action":"create-job","resource":{"group":"batch","kind":"CronJob","namespace":"deeds","name":"nightly"}}`
	_, err = s.Hub.Input(s.Context(), body, "create", "--raw", syncPath+"deeds/action", "-f", "-")
	s.OK(err)
	kinds := ""
	for _, node := range s.tree("deeds").Nodes {
		kinds += node.Kind + " "
	}
	if !strings.Contains(kinds, "Job ") {
		t.Errorf("the tree has %s", kinds)
	}
	s.Until(s.Hub, func(out string) bool { return strings.Contains(out, "olga ran action restart") },
		"get", "events", "-n", argocd, "-o", "jsonpath={.items[*].message}")
	s.Remove("deeds")
}

func TestAUsersHealthRuleRatesWhileItIsThere(t *testing.T) {
	s := begin(t, "rated", map[string]string{"app/config.yaml": steps.ConfigMap("config", "bad")})
	s.Apply(s.Application("rated", staging, "app", ""))
	s.Settled("rated")
	settings := func(rule string) string {
		return `{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm, namespace: argocd,
  labels: {app.kubernetes.io/part-of: argocd}}, data: {` + rule + `}}
`
	}
	s.Apply(settings(`resource.customizations.health.ConfigMap: "return {status = 'Degraded', message = obj.data.value}"`))
	s.Status("rated", "Synced/Degraded")
	s.Apply(settings(`resource.customizations.health-cel.ConfigMap: "object.data.value == 'bad' ? 'Suspended' : 'Healthy'"`))
	s.Status("rated", "Synced/Suspended")
	s.Apply(settings(`resource.customizations.health.ConfigMap: "return {"`))
	s.Status("rated", "Synced/Unknown")
	if resources := s.Kubectl(s.Hub, "get", "--raw", syncPath+"rated/resources"); !strings.Contains(resources, "resource.customizations.health.ConfigMap") {
		t.Errorf("the faulty rule is not named: %s", resources)
	}
	s.Kubectl(s.Hub, "delete", "configmap", "argocd-cm", "-n", argocd)
	s.Settled("rated")

	s.Apply(settings(`resource.customizations.health.ConfigMap: "return {status = 'Degraded'}"`))
	s.Status("rated", "Synced/Degraded")
	s.Push(map[string]string{"app/config.yaml": `{apiVersion: v1, kind: ConfigMap, metadata: {name: config,
  annotations: {argocd.argoproj.io/ignore-healthcheck: "true"}}, data: {value: bad}}
`})
	s.Settled("rated")
	s.Kubectl(s.Hub, "delete", "configmap", "argocd-cm", "-n", argocd)
	s.Remove("rated")
}
