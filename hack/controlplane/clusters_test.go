// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

const timeout = "--timeout=2m"

func TestClustersAreAsRealOnes(t *testing.T) {
	t.Parallel()
	u := user{dir: t.TempDir()}
	ready, _ := u.up(t, "--clusters", "hub,staging,production", "--audit")
	var stories atomic.Int64

	for name, test := range map[string]func(*testing.T, user, string){
		"a Deployment becomes available and its pods go with it": deploymentComesAndGoes,
		"a Job completes and a failing one fails":                jobsEnd,
		"a StatefulSet gets its volumes":                         statefulSetGetsVolumes,
		"annotations choose how a pod fares":                     annotationsChoose,
		"a namespace is deleted with all that is in it":          namespaceIsDeleted,
		"a CRD serves its objects":                               crdServes,
		"a ServiceAccount's token has the rights of its Role":    tokenHasRights,
		"a policy refuses what it is there to refuse":            policyRefuses,
		"webhooks judge and change what is made":                 webhooksAreAsked,
		"a registered API server is asked at its port":           registeredServerIsAsked,
		"every answered request is in the audit log": func(t *testing.T, u user, _ string) {
			u.kubectl(t, "staging", "", "create", "configmap", "audited")
			log, err := os.ReadFile(ready.Clusters["staging"].AuditLog)
			if err != nil || !strings.Contains(string(log), `"name":"audited"`) {
				t.Errorf("no such request in %d bytes, %v", len(log), err)
			}
		},
		"clusters share nothing": func(t *testing.T, u user, namespace string) {
			if out, err := u.tryKubectl("staging", "", "get", "namespace", namespace); err == nil {
				t.Errorf("the hub's namespace is in staging: %s", out)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := fmt.Sprintf("story-%d", stories.Add(1))
			u.kubectl(t, "hub", "", "create", "namespace", namespace)
			u.eventually(t, "serviceaccount/default", "-n", namespace, "get", "serviceaccounts", "-o=name")
			test(t, u, namespace)
		})
	}
}

func deploymentComesAndGoes(t *testing.T, u user, namespace string) {
	u.kubectl(t, "hub", "", "-n", namespace, "create", "deployment", "web", "--image=web:1", "--replicas=3")
	u.kubectl(t, "hub", "", "-n", namespace, "wait", "--for=condition=Available", "deployment/web", timeout)
	ready := "-o=jsonpath={.status.readyReplicas}"
	u.eventually(t, "3", "-n", namespace, "get", "deployment", "web", ready)
	u.kubectl(t, "hub", "", "-n", namespace, "delete", "deployment", "web", "--wait=false")
	u.eventually(t, "", "-n", namespace, "get", "replicasets,pods", "-o=name")
}

func jobsEnd(t *testing.T, u user, namespace string) {
	job := `{apiVersion: batch/v1, kind: Job, metadata: {name: %s}, spec: {backoffLimit: 0, template: {
		metadata: {annotations: {stage.capstan.dev/fail: "%t"}},
		spec: {restartPolicy: Never, containers: [{name: c, image: "task:1"}]}}}}`
	u.kubectl(t, "hub", fmt.Sprintf(job, "good", false), "-n", namespace, "apply", "-f-")
	u.kubectl(t, "hub", fmt.Sprintf(job, "bad", true), "-n", namespace, "apply", "-f-")
	u.kubectl(t, "hub", "", "-n", namespace, "wait", "--for=condition=Complete", "job/good", timeout)
	u.kubectl(t, "hub", "", "-n", namespace, "wait", "--for=condition=Failed", "job/bad", timeout)
}

func statefulSetGetsVolumes(t *testing.T, u user, namespace string) {
	u.kubectl(t, "hub", `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "db:1"}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 1}]}
`, "-n", namespace, "apply", "-f-")
	u.kubectl(t, "hub", "", "-n", namespace, "rollout", "status", "statefulset/db", timeout)
	u.eventually(t, "Bound Bound", "-n", namespace, "get", "pvc", "-o=jsonpath={.items[*].status.phase}")
	address := "--for=jsonpath={.status.loadBalancer.ingress[0].ip}"
	u.kubectl(t, "hub", "", "-n", namespace, "wait", "service/db", timeout, address)
}

func annotationsChoose(t *testing.T, u user, namespace string) {
	reason := "-o=jsonpath={.status.containerStatuses[0].state.waiting.reason}"
	u.kubectl(t, "hub", "", "-n", namespace, "run", "web", "--image=web:1", "--annotations=stage.capstan.dev/fail=true")
	u.eventually(t, "CrashLoopBackOff", "-n", namespace, "get", "pod", "web", reason)
	u.kubectl(t, "hub", "", "-n", namespace, "annotate", "pod", "web", "stage.capstan.dev/fail-")
	u.kubectl(t, "hub", "", "-n", namespace, "wait", "--for=condition=Ready", "pod/web", timeout)
	u.kubectl(t, "hub", "", "-n", namespace, "annotate", "pod", "web", "stage.capstan.dev/pull-error=true")
	u.eventually(t, "ImagePullBackOff", "-n", namespace, "get", "pod", "web", reason)
}

func namespaceIsDeleted(t *testing.T, u user, namespace string) {
	u.kubectl(t, "hub", "", "-n", namespace, "create", "deployment", "web", "--image=web:1", "--replicas=2")
	u.kubectl(t, "hub", "", "-n", namespace, "wait", "--for=condition=Available", "deployment/web", timeout)
	u.kubectl(t, "hub", "", "delete", "namespace", namespace, timeout)
}

func crdServes(t *testing.T, u user, namespace string) {
	u.kubectl(t, "hub", `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Boat, plural: boats, singular: boat}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`, "apply", "-f-")
	u.kubectl(t, "hub", "", "wait", "--for=condition=Established", "crd/boats.example.com", timeout)
	u.eventually(t, "", "-n", namespace, "get", "boats", "-o=name")
	u.kubectl(t, "hub", `{apiVersion: example.com/v1, kind: Boat, metadata: {name: tug}, spec: {knots: 12}}`,
		"-n", namespace, "apply", "-f-")
	u.eventually(t, "12", "-n", namespace, "get", "boat", "tug", "-o=jsonpath={.spec.knots}")
	u.kubectl(t, "hub", "", "delete", "crd", "boats.example.com", timeout)
}

func tokenHasRights(t *testing.T, u user, namespace string) {
	u.kubectl(t, "hub", "", "-n", namespace, "create", "serviceaccount", "reader")
	u.kubectl(t, "hub", "", "-n", namespace, "create", "role", "reader", "--verb=get,list", "--resource=configmaps")
	u.kubectl(t, "hub", "", "-n", namespace, "create", "rolebinding", "reader", "--role=reader",
		"--serviceaccount="+namespace+":reader")
	as := "--as=system:serviceaccount:" + namespace + ":reader"
	u.eventually(t, "yes", "-n", namespace, "auth", "can-i", "list", "configmaps", as)
	token := u.kubectl(t, "hub", "", "-n", namespace, "create", "token", "reader")
	server := u.kubectl(t, "hub", "", "config", "view", "-o=jsonpath={.clusters[0].cluster.server}")
	bare := []string{
		"--kubeconfig=/dev/null", "--server=" + server, "--insecure-skip-tls-verify", "--token=" + token, "-n", namespace,
	}
	u.kubectl(t, "hub", "", append(bare, "get", "configmaps")...)
	_, err := u.tryKubectl("hub", "", append(bare, "get", "secrets")...)
	if err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("reading Secrets: %v", err)
	}
}

func policyRefuses(t *testing.T, u user, namespace string) {
	u.kubectl(t, "hub", strings.ReplaceAll(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NAME}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  validations: [{expression: "object.metadata.name != 'forbidden'", message: that name is taken}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: NAME}
spec:
  policyName: NAME
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAME}}}
`, "NAME", namespace), "apply", "-f-")
	nameIsTaken(t, u, namespace)
}

// nameIsTaken waits until the ConfigMap "forbidden" is refused.
func nameIsTaken(t *testing.T, u user, namespace string) {
	t.Helper()
	for {
		_, err := u.tryKubectl("hub", "", "-n", namespace, "create", "configmap", "forbidden", "--dry-run=server")
		if err != nil && strings.Contains(err.Error(), "that name is taken") {
			return
		}
		if err != nil || t.Context().Err() != nil {
			t.Fatalf("got %v", err)
		}
	}
}
