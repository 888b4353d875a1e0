// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"net/url"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ApplicationActionsOptions are the query parameters of GET applications/NAME/actions: they name an object of the tree.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationActionsOptions struct {
	metav1.TypeMeta `json:""`
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// version is the API version; empty means the one that the cluster prefers.
	// +optional
	Version string `json:"version,omitempty"`
	// resourceKind is the kind; kind says the same.
	Kind string `json:"resourceKind"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the name.
	Name string `json:"name"`
}

// ApplicationLogOptions are the query parameters of GET applications/NAME/log. Without any, the pods of the whole tree
// are read.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationLogOptions struct {
	metav1.TypeMeta `json:""`
	// podName is the name of the one pod that is read.
	// +optional
	PodName string `json:"podName,omitempty"`
	// container is the container that is read; empty means the pod's default one.
	// +optional
	Container string `json:"container,omitempty"`
	// group is the API group of an object of the tree whose pods are read.
	// +optional
	Group string `json:"group,omitempty"`
	// resourceKind is the object's kind; kind says the same.
	// +optional
	Kind string `json:"resourceKind,omitempty"`
	// namespace is the object's namespace, or the pod's.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the object's name.
	// +optional
	Name string `json:"name,omitempty"`
	// follow goes on until the pod ends or the client goes.
	// +optional
	Follow bool `json:"follow,omitempty"`
	// tailLines is how many lines from the end are shown; absent means all.
	// +optional
	TailLines *int64 `json:"tailLines,omitempty"`
	// sinceSeconds is how old the first line may be; absent means any age.
	// +optional
	SinceSeconds *int64 `json:"sinceSeconds,omitempty"`
	// sinceTime is the RFC 3339 time of the first line.
	// +optional
	SinceTime *metav1.Time `json:"sinceTime,omitempty"`
	// timestamps puts its time before each line.
	// +optional
	Timestamps bool `json:"timestamps,omitempty"`
	// previous reads the container that ran before the current one.
	// +optional
	Previous bool `json:"previous,omitempty"`
	// filter shows only lines that hold this text; with ! before it, only those that do not.
	// +optional
	Filter string `json:"filter,omitempty"`
	// Problem is a parameter that could not be read.
	Problem string `json:"-"`
}

func addResourceOptionConversions(scheme *runtime.Scheme) error {
	actions := fromQuery(func(query url.Values, options *ApplicationActionsOptions) {
		options.Group, options.Version, options.Kind = query.Get("group"), query.Get("version"), kindIn(query)
		options.Namespace, options.Name = query.Get("namespace"), query.Get("name")
	})
	if err := scheme.AddConversionFunc((*url.Values)(nil), (*ApplicationActionsOptions)(nil), actions); err != nil {
		return err
	}
	return scheme.AddConversionFunc((*url.Values)(nil), (*ApplicationLogOptions)(nil), fromQuery(readLogOptions))
}

// kindIn reads the kind of an object: kind is what people write, and resourceKind what the API can describe.
func kindIn(query url.Values) string {
	return cmp.Or(query.Get("resourceKind"), query.Get("kind"))
}

func readLogOptions(query url.Values, options *ApplicationLogOptions) {
	options.PodName, options.Container = query.Get("podName"), query.Get("container")
	options.Group, options.Kind = query.Get("group"), kindIn(query)
	options.Namespace, options.Name = query.Get("namespace"), query.Get("name")
	options.Filter = query.Get("filter")
	if options.Filter == "" {
		options.Filter = query.Get("match")
	}
	options.Follow = options.flag(query, "follow")
	options.Timestamps = options.flag(query, "timestamps")
	options.Previous = options.flag(query, "previous")
	options.TailLines = options.number(query, "tailLines", 0)
	options.SinceSeconds = options.number(query, "sinceSeconds", 1)
	if text := query.Get("sinceTime"); text != "" {
		var at metav1.Time
		if err := at.UnmarshalQueryParameter(text); err != nil {
			options.Problem = "sinceTime must be a time as in RFC 3339"
		}
		options.SinceTime = &at
	}
	if options.SinceTime != nil && options.SinceSeconds != nil {
		options.Problem = "sinceTime and sinceSeconds exclude each other"
	}
}

func (o *ApplicationLogOptions) flag(query url.Values, name string) bool {
	text := query.Get(name)
	if text == "" {
		return false
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		o.Problem = name + " must be true or false"
	}
	return value
}

func (o *ApplicationLogOptions) number(query url.Values, name string, least int64) *int64 {
	text := query.Get(name)
	if text == "" {
		return nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < least {
		o.Problem = name + " must be a whole number of at least " + strconv.FormatInt(least, 10)
	}
	return &value
}
