// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func inspectionStories() map[string]story {
	return map[string]story{
		"tree and events are read with the whole object record":  treeOfTheRecord,
		"tree, events and log have rights of their own":          inspectionRights,
		"a log is streamed as it is printed, until it ends":      logStreams,
		"a log says what is wrong before it begins":              logRefuses,
		"a query of a log reaches the destination as it was put": logQuery,
	}
}

// cast stands in for a destination: it answers with what it was asked.
type cast struct{}

func (cast) Tree(_ context.Context, app *v1alpha1.Application) (*v1alpha1.ApplicationTree, error) {
	tree := &v1alpha1.ApplicationTree{Nodes: []v1alpha1.ResourceNode{}}
	for _, entry := range app.Status.Resources {
		tree.Nodes = append(tree.Nodes, v1alpha1.ResourceNode{
			ResourceRef: v1alpha1.ResourceRef{Kind: entry.Kind, Name: entry.Name}, Managed: true,
		})
	}
	return tree, nil
}

func (cast) Events(_ context.Context, app *v1alpha1.Application) (*v1alpha1.ApplicationEvents, error) {
	return &v1alpha1.ApplicationEvents{Items: []v1alpha1.ApplicationEvent{
		{InvolvedObject: v1alpha1.ResourceRef{Kind: "Application", Name: app.Name}, Count: int32(len(app.Status.Resources))},
	}}, nil
}

func (cast) Log(
	_ context.Context, _ *v1alpha1.Application, options *v1alpha1.ApplicationLogOptions,
) (func(context.Context, io.Writer, func()) error, error) {
	if options.PodName == "theirs" {
		return nil, apierrors.NewNotFound(v1alpha1.Resource("applications/tree"), "Pod theirs")
	}
	return func(ctx context.Context, to io.Writer, flush func()) error {
		_, err := fmt.Fprintf(to, "%s %s %s %s/%s %t %t %t %q\n", options.PodName, options.Container, options.Kind,
			options.Namespace, options.Name, options.Follow, options.Timestamps, options.Previous, options.Filter)
		flush()
		if options.Follow {
			<-ctx.Done()
		}
		return err
	}, nil
}

func treeOfTheRecord(t *testing.T, w *world) {
	apps, _ := w.given(t)
	const many = 600
	report(t, apps, func(app *v1alpha1.Application) {
		for i := range many {
			app.Status.Resources = append(app.Status.Resources,
				v1alpha1.ResourceStatus{Kind: "ConfigMap", Name: fmt.Sprintf("c-%d", i)})
		}
	})
	tree, err := apps.GetTree(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	if len(tree.Nodes) != many || !tree.Nodes[0].Managed {
		t.Errorf("the tree has %d nodes", len(tree.Nodes))
	}
	events, err := apps.GetEvents(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	if len(events.Items) != 1 || events.Items[0].Count != many {
		t.Errorf("the events are %+v", events.Items)
	}
}

func inspectionRights(t *testing.T, w *world) {
	_, namespace := w.given(t)
	for _, path := range []string{"tree", "events", "log"} {
		err := w.raw(t, reader).Get().Namespace(namespace).Resource("applications").Name("web").SubResource(path).
			Do(t.Context()).Error()
		refused(t, err, http.StatusForbidden, "applications/"+path)
		err = w.raw(t, admin).Get().Namespace(newNamespace()).Resource("applications").Name("web").SubResource(path).
			Do(t.Context()).Error()
		refused(t, err, http.StatusNotFound, "web")
	}
	own := &world{apiserver.Start(t, apiserver.Options{Assembly: assembly(), Configure: withoutControllers(t)})}
	own.Rules.Allow(append(rules(), apiserver.Rule{User: "robot", Verb: "get", Resource: "applications/log"})...)
	_, namespace = own.given(t)
	if err := own.raw(t, "robot").Get().Namespace(namespace).Resource("applications").Name("web").SubResource("log").
		Do(t.Context()).Error(); err != nil {
		t.Errorf("who may read logs and nothing else: %v", err)
	}
}

func logStreams(t *testing.T, w *world) {
	_, namespace := w.given(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := w.raw(t, admin).Get().Namespace(namespace).Resource("applications").Name("web").SubResource("log").
		Param("podName", "one").Param("follow", "true").Stream(ctx)
	must(t, err)
	line, err := bufio.NewReader(stream).ReadString('\n')
	must(t, err)
	if !strings.HasPrefix(line, "one ") {
		t.Errorf("the first line is %q", line)
	}
	cancel()
	if rest, err := io.ReadAll(stream); err == nil {
		t.Errorf("a log that is followed ended by itself with %q", rest)
	}
	must(t, stream.Close())
}

func logRefuses(t *testing.T, w *world) {
	_, namespace := w.given(t)
	for name, test := range map[string]struct {
		parameter, value string
		code             int
		says             string
	}{
		"a pod of somebody else":     {"podName", "theirs", http.StatusNotFound, "not found"},
		"a number that is none":      {"tailLines", "ten", http.StatusBadRequest, "tailLines"},
		"an age below one second":    {"sinceSeconds", "0", http.StatusBadRequest, "sinceSeconds"},
		"a flag that is none":        {"follow", "perhaps", http.StatusBadRequest, "follow"},
		"a time that cannot be read": {"sinceTime", "yesterday", http.StatusBadRequest, "sinceTime"},
	} {
		err := w.raw(t, admin).Get().Namespace(namespace).Resource("applications").Name("web").SubResource("log").
			Param(test.parameter, test.value).Do(t.Context()).Error()
		if err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		t.Run(name, func(t *testing.T) { refused(t, err, test.code, test.says) })
	}
}

func logQuery(t *testing.T, w *world) {
	_, namespace := w.given(t)
	body, err := w.raw(t, admin).Get().AbsPath(
		"/apis/argoproj.io/v1alpha1/namespaces/"+namespace+"/applications/web/log").
		Param("kind", "Deployment").Param("group", "apps").Param("namespace", "shop").Param("name", "web").
		Param("container", "c").Param("timestamps", "true").Param("previous", "1").Param("filter", "!ok").DoRaw(t.Context())
	must(t, err)
	if want := " c Deployment shop/web false true true \"!ok\"\n"; string(body) != want {
		t.Errorf("the query arrives as %q, want %q", body, want)
	}
}
