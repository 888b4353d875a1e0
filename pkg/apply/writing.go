// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

const (
	// namespaceManager owns what CreateNamespace writes: with live.FieldManager it would
	// take away what an application that has the Namespace in Git set on it. What follows
	// the name tells applications apart that share a namespace.
	namespaceManager = "capstan-namespace"
	// attempts is how often one request is sent to a server that has no room for it.
	attempts = 5
	// requestTimeout bounds one attempt.
	requestTimeout = 30 * time.Second
	// firstDelay is the wait before the second attempt; it doubles with each.
	firstDelay = 200 * time.Millisecond
	// accept asks for metadata only, which is all that a Result is made of.
	accept = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1," +
		"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
)

// writing is one change on its way to a destination.
type writing struct {
	target  Target
	limit   *limiter
	group   *group
	change  Change
	options Options
}

func (w writing) run(ctx context.Context) Result {
	resource, err := w.resource(ctx)
	result := Result{Key: w.change.Manifest.Key, Version: resource.Kind.Version}
	if err == nil {
		var object *metav1.PartialObjectMetadata
		object, err = w.send(ctx, resource)
		if err == nil && !w.byUID() {
			return w.applied(result, object)
		}
	}
	if w.byUID() {
		return w.deleted(result, err)
	}
	return w.failed(result, err)
}

// resource checks that the change leads to exactly one URL, and returns it.
func (w writing) resource(ctx context.Context) (cluster.Resource, error) {
	change := w.change
	if err := cluster.CheckPath(change.Manifest.Key); err != nil {
		return cluster.Resource{}, refusal(err.Error())
	}
	if w.byUID() && change.UID == "" {
		return cluster.Resource{}, refusal("nothing is deleted without the UID of the object that was seen")
	}
	resource, err := w.target.Resource(ctx, change.Manifest.GroupVersionKind())
	if err != nil {
		return cluster.Resource{}, err
	}
	switch namespace := change.Manifest.Namespace; {
	case resource.Namespaced && namespace == "":
		return resource, refusal("metadata.namespace must be set, the kind is namespaced")
	case !resource.Namespaced && namespace != "":
		return resource, refusal("metadata.namespace must be empty, the kind is cluster-scoped")
	}
	return resource, nil
}

// send repeats the request while the server is overloaded or breaks the connection; both
// an apply and a delete by UID may be repeated safely.
func (w writing) send(ctx context.Context, resource cluster.Resource) (*metav1.PartialObjectMetadata, error) {
	for attempt := 1; ; attempt++ {
		object, err := w.attempt(ctx, resource)
		if err == nil || attempt == attempts || ctx.Err() != nil || !overload(err) && !broken(err) {
			return object, err
		}
		delay := firstDelay << (attempt - 1)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(delay/2 + rand.N(delay/2)):
		}
	}
}

func (w writing) attempt(ctx context.Context, resource cluster.Resource) (*metav1.PartialObjectMetadata, error) {
	if err := w.limit.acquire(ctx, w.group); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	object, err := w.request(bounded, resource)
	if overload(err) && ctx.Err() == nil {
		seconds, _ := apierrors.SuggestsClientDelay(err)
		w.limit.overloaded(w.group, time.Duration(seconds)*time.Second)
	} else {
		w.limit.release(w.group)
	}
	return object, err
}

func (w writing) request(ctx context.Context, resource cluster.Resource) (*metav1.PartialObjectMetadata, error) {
	client, err := w.target.Writer(ctx)
	if err != nil {
		return nil, err
	}
	switch w.change.Action {
	case Delete:
		return nil, w.remove(ctx, client, w.path(resource))
	case Release:
		return nil, w.release(ctx, client, w.path(resource))
	}
	object, err := w.respecting(ctx, client, w.path(resource))
	if w.change.Force && !w.options.DryRun && apierrors.IsInvalid(err) {
		return nil, w.force(ctx, client, w.path(resource), err)
	}
	return object, err
}

// write makes the object what the manifest says.
func (w writing) write(
	ctx context.Context, client rest.Interface, path []string,
) (*metav1.PartialObjectMetadata, error) {
	if w.change.Replace {
		if err := w.put(ctx, client, path); err != nil {
			return nil, err
		}
	}
	object, err := w.apply(ctx, client, path)
	if w.change.Lenient && unknownField(err) {
		if err = w.put(ctx, client, path); err == nil {
			return metadataOf(client.Get().AbsPath(path...).MaxRetries(0).SetHeader("Accept", accept).Do(ctx))
		}
	}
	if err != nil || len(w.change.Migrate) == 0 || w.options.DryRun {
		return object, err
	}
	migrated, err := w.migrate(ctx, client, path, object)
	if err != nil || !migrated {
		return object, err
	}
	return w.apply(ctx, client, path)
}

func (w writing) apply(
	ctx context.Context, client rest.Interface, path []string,
) (*metav1.PartialObjectMetadata, error) {
	request := client.Patch(types.ApplyPatchType).AbsPath(path...).MaxRetries(0).SetHeader("Accept", accept).
		Param("fieldManager", w.manager()).Param("force", "true").Param("fieldValidation", w.validation())
	return metadataOf(w.dry(request).Body(w.change.Manifest.JSON).Do(ctx))
}

func (w writing) dry(request *rest.Request) *rest.Request {
	if w.options.DryRun {
		request.Param("dryRun", metav1.DryRunAll)
	}
	return request
}

func (w writing) validation() string {
	if w.change.Lenient {
		return metav1.FieldValidationIgnore
	}
	return metav1.FieldValidationStrict
}

// byUID reports that the change is about one certain object, whatever its content.
func (w writing) byUID() bool { return w.change.Action == Delete || w.change.Action == Release }

func (w writing) manager() string {
	if w.change.Action == CreateNamespace {
		return namespaceManager + "-" + manifest.DigestOf([]byte(w.change.Owner)).String()
	}
	return live.FieldManager
}

func (w writing) path(resource cluster.Resource) []string {
	path := []string{"apis", resource.Kind.Group, resource.Kind.Version}
	if resource.Kind.Group == "" {
		path = []string{"api", resource.Kind.Version}
	}
	if resource.Namespaced {
		path = append(path, "namespaces", w.change.Manifest.Namespace)
	}
	return append(path, resource.Name, w.change.Manifest.Name)
}

// metadataOf decodes a reply, also that of a server which sends the whole object although
// it was asked for metadata.
func metadataOf(reply rest.Result) (*metav1.PartialObjectMetadata, error) {
	if err := reply.Error(); err != nil {
		return nil, err
	}
	if object, err := reply.Get(); err == nil {
		if partial, ok := object.(*metav1.PartialObjectMetadata); ok {
			return partial, nil
		}
	}
	var partial metav1.PartialObjectMetadata
	raw, err := reply.Raw()
	if err == nil {
		err = decode(raw, &partial)
	}
	if err != nil || partial.UID == "" {
		return nil, refusal("the server's reply to the apply cannot be understood")
	}
	return &partial, nil
}

// decode reads metadata in the form in which a server of our own sends it to a client that knows no kind but its own:
// the server speaks protobuf where a client takes it.
func decode(raw []byte, into *metav1.PartialObjectMetadata) error {
	if json.Unmarshal(raw, into) == nil {
		return nil
	}
	known := runtime.NewScheme()
	if err := metav1.AddMetaToScheme(known); err != nil {
		return err
	}
	_, _, err := protobuf.NewSerializer(known, known).Decode(raw, nil, into)
	return err
}

func (w writing) applied(result Result, object *metav1.PartialObjectMetadata) Result {
	result.Status, result.Message = Synced, "serverside-applied"
	if w.options.DryRun {
		result.Message += " (dry run)"
	}
	result.UID = object.UID
	result.ResourceVersion = cluster.Number(object.ResourceVersion)
	result.Owned = cluster.OwnedFields(object.ManagedFields)
	return result
}

// deleted counts an object that is not there, or whose kind the cluster does not serve, as
// deleted. A conflict says that another object has its name.
func (w writing) deleted(result Result, err error) Result {
	var noKind *cluster.NoKindError
	switch {
	case err == nil, errors.As(err, &noKind), apierrors.IsNotFound(err) && !isUnserved(err):
		result.Status, result.Message = Pruned, "pruned"
		if w.options.DryRun {
			result.Message += " (dry run)"
		}
	case apierrors.IsConflict(err):
		result.Status, result.Message = PruneSkipped, "another object has the name now and is left alone"
	default:
		return w.failed(result, err)
	}
	return result
}

// Refused returns the results of changes that are not written because of err.
func Refused(changes []Change, err error) []Result {
	results := make([]Result, len(changes))
	for i, change := range changes {
		m := change.Manifest
		results[i] = writing{change: change}.failed(Result{Key: m.Key, Version: m.Version}, refusal(err.Error()))
	}
	return results
}

func (w writing) failed(result Result, err error) Result {
	var recreate *recreation
	if errors.As(err, &recreate) {
		result.Status, result.Message, result.Recreate = Synced, recreate.Error(), true
		return result
	}
	failed := failure(w.change.Manifest.Key, err)
	result.Status, result.Message, result.Err = SyncFailed, failed.Error(), failed
	return result
}
