// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/experiment"
	"github.com/capstan-dev/capstan/pkg/owner"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// Clusters reach registered clusters.
type Clusters interface {
	// Typed returns a client of a cluster, which answers now, for a namespace.
	Typed(ctx context.Context, cluster, namespace string) (kubernetes.Interface, error)
}

// askAgain is how long to wait before another cluster is asked again how an Experiment is there.
const askAgain = 2 * time.Second

// site is the cluster in which an Experiment runs its pods, and what Experiments have there.
type site struct {
	client         kubernetes.Interface
	sets, services cache.MutationCache
	// asked says that this is another cluster, of which no watch tells: it is asked in each pass. Experiments are few and
	// short.
	asked bool
}

// awayError is why a cluster cannot be asked now.
type awayError struct{ problem error }

// Error returns the problem.
func (e awayError) Error() string { return e.problem.Error() }

// unanswered reports an error that says nothing of an Experiment, as its cluster was not reached.
func unanswered(err error) bool {
	away, failed := awayError{}, &url.Error{}
	return errors.As(err, &away) || errors.As(err, &failed)
}

// site is where an Experiment runs its pods. It fails with an awayError where that cannot be asked: nobody ends an
// Experiment because its cluster is not registered for a moment.
func (r *Reconciler) site(ctx context.Context, object *v1alpha1.Experiment) (*site, error) {
	name := experiment.ClusterOf(object)
	if name == "" {
		return r.host, nil
	}
	client, err := r.Clusters.Typed(ctx, name, object.Namespace)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, awayError{err}
	}
	known := func() cache.Indexer {
		return cache.NewIndexer(cache.MetaNamespaceKeyFunc, written.LabelIndexers(Kind, v1alpha1.LabelExperimentUID))
	}
	sets, services := known(), known()
	mine := metav1.ListOptions{LabelSelector: owner.Experiment(object).Selector()}
	theSets, err := client.AppsV1().ReplicaSets(object.Namespace).List(ctx, mine)
	if err != nil {
		return nil, awayError{fmt.Errorf("list its ReplicaSets: %w", err)}
	}
	theServices, err := client.CoreV1().Services(object.Namespace).List(ctx, mine)
	if err != nil {
		return nil, awayError{fmt.Errorf("list its Services: %w", err)}
	}
	if err = errors.Join(fill(sets, theSets.Items), fill(services, theServices.Items)); err != nil {
		return nil, err
	}
	return &site{client: client, sets: written.Over(sets), services: written.Over(services), asked: true}, nil
}

func fill[T any](indexer cache.Indexer, items []T) error {
	var problems []error
	for i := range items {
		problems = append(problems, indexer.Add(&items[i]))
	}
	return errors.Join(problems...)
}
