// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	server = `
metadata: {name: web, uid: a-b-c}
spec: {restartPolicy: Always, nodeName: stage-node, containers: [{name: c, image: "web:1"}]}`
	task = `
metadata: {name: task, uid: a-b-c}
spec: {restartPolicy: Never, nodeName: stage-node, containers: [{name: c, image: "task:1"}]}`
)

func podOf(t *testing.T, text string, annotations map[string]string) *corev1.Pod {
	t.Helper()
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(text), &pod); err != nil {
		t.Fatal(err)
	}
	pod.Annotations = annotations
	return &pod
}

// shown is what "kubectl get pods" makes of a status.
type shown struct {
	Phase  corev1.PodPhase
	Ready  bool
	State  string
	Again  time.Duration
	Action action
}

func showing(s step) shown {
	what := shown{Phase: s.status.Phase, Again: s.again, Action: s.action}
	for _, c := range s.status.Conditions {
		what.Ready = what.Ready || c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	}
	for _, c := range s.status.ContainerStatuses {
		switch {
		case c.State.Waiting != nil:
			what.State = c.State.Waiting.Reason
		case c.State.Running != nil:
			what.State = "Running"
		case c.State.Terminated != nil:
			what.State = c.State.Terminated.Reason
		}
	}
	return what
}

func TestNextOfABoundPod(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pod         string
		annotations map[string]string
		age         time.Duration
		want        shown
	}{
		"a server is ready at once": {
			pod: server, want: shown{Phase: "Running", Ready: true, State: "Running"},
		},
		"a server with a delay runs first and is looked at again": {
			pod: server, annotations: map[string]string{ReadyAfterAnnotation: "3s"}, age: time.Second,
			want: shown{Phase: "Running", State: "Running", Again: 2 * time.Second},
		},
		"a server is ready after its delay": {
			pod: server, annotations: map[string]string{ReadyAfterAnnotation: "3s"}, age: 3 * time.Second,
			want: shown{Phase: "Running", Ready: true, State: "Running"},
		},
		"a server that fails crashes again and again": {
			pod: server, annotations: map[string]string{FailAnnotation: "true"}, age: time.Hour,
			want: shown{Phase: "Running", State: "CrashLoopBackOff"},
		},
		"an image that cannot be pulled keeps the pod pending": {
			pod: task, annotations: map[string]string{PullErrorAnnotation: "true"}, age: time.Hour,
			want: shown{Phase: "Pending", State: "ImagePullBackOff"},
		},
		"a server never completes": {
			pod: server, annotations: map[string]string{CompleteAfterAnnotation: "1s"}, age: time.Hour,
			want: shown{Phase: "Running", Ready: true, State: "Running"},
		},
		"a task runs before it completes": {
			pod: task, annotations: map[string]string{CompleteAfterAnnotation: "2s"},
			want: shown{Phase: "Running", Ready: true, State: "Running", Again: 2 * time.Second},
		},
		"a task completes": {
			pod: task, age: defaultCompleteAfter, want: shown{Phase: "Succeeded", State: "Completed"},
		},
		"a task that fails ends so": {
			pod: task, annotations: map[string]string{FailAnnotation: "true"}, age: time.Second,
			want: shown{Phase: "Failed", State: "Error"},
		},
		"an annotation that cannot be read is shown in the container's state": {
			pod: server, annotations: map[string]string{ReadyAfterAnnotation: "soon"},
			want: shown{Phase: "Pending", State: "CreateContainerConfigError"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod, now := podOf(t, test.pod, test.annotations), time.Now()
			test.want.Action = report
			got := next(pod, test.age, now)
			if diff := cmp.Diff(test.want, showing(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			pod.Status = got.status
			if after := next(pod, test.age, now.Add(time.Hour)); after.action != rest {
				t.Errorf("writes again what is there: %+v", after)
			}
		})
	}
}

func TestNextOfOtherPods(t *testing.T) {
	t.Parallel()
	grace := int64(30)
	for name, test := range map[string]struct {
		change func(*corev1.Pod)
		want   action
	}{
		"an unbound pod is bound": {func(p *corev1.Pod) { p.Spec.NodeName = "" }, bind},
		"a gated pod is left alone": {func(p *corev1.Pod) {
			p.Spec.NodeName, p.Spec.SchedulingGates = "", []corev1.PodSchedulingGate{{Name: "g"}}
		}, rest},
		"a terminating pod is removed": {func(p *corev1.Pod) { p.DeletionGracePeriodSeconds = &grace }, remove},
		"a finalizer sees the pod's end": {func(p *corev1.Pod) {
			p.DeletionGracePeriodSeconds, p.Finalizers = &grace, []string{"f"}
		}, report},
		"then the pod is removed": {func(p *corev1.Pod) {
			p.DeletionGracePeriodSeconds, p.Finalizers, p.Status.Phase = &grace, []string{"f"}, "Failed"
		}, remove},
		"a removed pod that a finalizer keeps is not touched": {func(p *corev1.Pod) {
			p.DeletionGracePeriodSeconds, p.Finalizers, p.Status.Phase = new(int64), []string{"f"}, "Failed"
		}, rest},
		"a completed pod stays as it is": {func(p *corev1.Pod) { p.Status.Phase = "Succeeded" }, rest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := podOf(t, server, nil)
			test.change(pod)
			if pod.DeletionGracePeriodSeconds != nil {
				pod.DeletionTimestamp = &metav1.Time{Time: time.Now()}
			}
			if got := next(pod, 0, time.Now()); got.action != test.want {
				t.Errorf("want action %d, got %d", test.want, got.action)
			}
		})
	}
}

func TestAChangedAnnotationTakesEffectAndKeepsTheTimesOfTheRest(t *testing.T) {
	t.Parallel()
	begin := time.Now().Truncate(time.Second)
	later := begin.Add(time.Minute)
	pod := podOf(t, server, nil)
	pod.Status = next(pod, 0, begin).status
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: "example.com/gate", Status: "True"})
	pod.Annotations = map[string]string{FailAnnotation: "true"}

	status := next(pod, time.Minute, later).status
	times := map[corev1.PodConditionType]time.Time{}
	for _, c := range status.Conditions {
		times[c.Type] = c.LastTransitionTime.Time
	}
	want := map[corev1.PodConditionType]time.Time{
		"PodScheduled": begin, "Initialized": begin, "ContainersReady": later, "Ready": later, "example.com/gate": {},
	}
	if diff := cmp.Diff(want, times); diff != "" {
		t.Errorf("transition times (-want +got)\n%s", diff)
	}
	if got := status.ContainerStatuses[0].RestartCount; got != 1 {
		t.Errorf("restart count is %d", got)
	}
}

func TestInitContainers(t *testing.T) {
	t.Parallel()
	const text = `
metadata: {name: web, uid: a-b-c}
spec:
  restartPolicy: Always
  nodeName: stage-node
  initContainers: [{name: once, image: i}, {name: sidecar, image: s, restartPolicy: Always}]
  containers: [{name: c, image: web}]`
	for name, test := range map[string]struct {
		annotations map[string]string
		want        []string
	}{
		"have completed when the pod is ready, but a sidecar runs": {
			want: []string{"once Completed ready=true", "sidecar Running ready=true"},
		},
		"wait with a pod that waits": {
			annotations: map[string]string{PullErrorAnnotation: "true"},
			want:        []string{"once PodInitializing ready=false", "sidecar PodInitializing ready=false"},
		},
		"are through when the pod crashes": {
			annotations: map[string]string{FailAnnotation: "true"},
			want:        []string{"once Completed ready=true", "sidecar Running ready=true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range next(podOf(t, text, test.annotations), 0, time.Now()).status.InitContainerStatuses {
				one := showing(step{status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{c}}})
				ready := map[bool]string{true: " ready=true", false: " ready=false"}[c.Ready]
				got = append(got, c.Name+" "+one.State+ready)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
