// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/tree"
)

const (
	// maxEvents bounds an answer, maxScannedEvents what is looked at in one namespace for it.
	maxEvents        = 500
	maxScannedEvents = 5000
)

// Events answers applications/events: the newest Events of the Application and of its tree.
func (i *Inspector) Events(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.ApplicationEvents, error) {
	target, _, err := i.Places.Place(app)
	if err != nil {
		return nil, plain(err)
	}
	read, err := tree.Read(ctx, i.reader(app, target), i.inputOf(app, nil))
	if err != nil {
		return nil, plain(err)
	}
	answer := &v1alpha1.ApplicationEvents{Items: []v1alpha1.ApplicationEvent{}, Unread: gapsOf(read.Unread)}
	unread := func(namespace, message string) {
		answer.Unread = append(answer.Unread, v1alpha1.UnreadResources{
			Kind: "Event", Namespace: namespace, Message: message,
		})
	}
	own, err := i.Host.ApplicationEvents(ctx, app, maxEvents)
	if err != nil {
		unread(app.Namespace, err.Error())
	}
	for n := range own {
		answer.Items = append(answer.Items, eventOf(&own[n]))
	}
	members, namespaces := membersOf(read.Nodes)
	for _, namespace := range namespaces {
		more, err := target.Events(ctx, namespace, maxScannedEvents, func(event *corev1.Event) {
			if members[event.InvolvedObject.UID] {
				answer.Items = append(answer.Items, eventOf(event))
			}
		})
		switch {
		case err != nil:
			unread(namespace, err.Error())
		case more:
			unread(namespace, fmt.Sprintf("only the first %d Events are looked at", maxScannedEvents))
		}
	}
	slices.SortStableFunc(answer.Items, func(a, b v1alpha1.ApplicationEvent) int {
		return cmp.Or(last(b).Compare(last(a)), cmp.Compare(a.InvolvedObject.Name, b.InvolvedObject.Name))
	})
	if len(answer.Items) > maxEvents {
		answer.Items = answer.Items[:maxEvents]
		unread("", fmt.Sprintf("only the newest %d Events are shown", maxEvents))
	}
	return answer, nil
}

// membersOf returns the UIDs of a tree, and the namespaces that hold their Events: those of cluster-scoped
// objects are in "default".
func membersOf(nodes []tree.Node) (members map[types.UID]bool, namespaces []string) {
	members = map[types.UID]bool{}
	for _, node := range nodes {
		if node.UID != "" {
			members[node.UID] = true
			namespaces = append(namespaces, cmp.Or(node.Namespace, metav1.NamespaceDefault))
		}
	}
	slices.Sort(namespaces)
	return members, slices.Compact(namespaces)
}

func eventOf(event *corev1.Event) v1alpha1.ApplicationEvent {
	about := event.InvolvedObject
	gv, err := schema.ParseGroupVersion(about.APIVersion)
	if err != nil {
		gv = schema.GroupVersion{}
	}
	answer := v1alpha1.ApplicationEvent{
		InvolvedObject: v1alpha1.ResourceRef{
			Group: gv.Group, Version: gv.Version, Kind: about.Kind, Namespace: about.Namespace, Name: about.Name,
			UID: string(about.UID),
		},
		Type: event.Type, Reason: event.Reason, Message: event.Message, Count: max(event.Count, 1),
		Source:         cmp.Or(event.ReportingController, event.Source.Component),
		FirstTimestamp: timeOf(event.FirstTimestamp.Time), LastTimestamp: timeOf(event.LastTimestamp.Time),
	}
	if series := event.Series; series != nil {
		answer.Count, answer.LastTimestamp = max(series.Count, 1), timeOf(series.LastObservedTime.Time)
	}
	if answer.FirstTimestamp == nil {
		answer.FirstTimestamp = timeOf(event.EventTime.Time)
	}
	if answer.LastTimestamp == nil {
		answer.LastTimestamp = answer.FirstTimestamp
	}
	return answer
}

func last(event v1alpha1.ApplicationEvent) time.Time {
	if event.LastTimestamp == nil {
		return time.Time{}
	}
	return event.LastTimestamp.Time
}
