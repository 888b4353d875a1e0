// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// references reads the objects that Rollouts refer to by name. Each of them is watched by itself, and its metadata
// alone, for as long as a Rollout refers to it; it is read where the watch shows another version than the one that was
// read.
type references struct {
	objects  dynamic.Interface
	metadata metadata.Interface
	changed  func(types.NamespacedName)
	// ended is closed when the watches are to end.
	ended <-chan struct{}

	mu    sync.Mutex
	known map[reference]*referent
	held  map[types.NamespacedName][]reference
}

// reference names an object.
type reference struct {
	resource        schema.GroupVersionResource
	namespace, name string
}

// referent is what is known of an object that Rollouts refer to.
type referent struct {
	holders map[types.NamespacedName]bool
	stop    context.CancelFunc
	listed  cache.InformerSynced
	// seen is the version that the watch shows, and read the one from which value was made; "" is that it is not there.
	seen, read string
	value      any
}

// newReferences returns references of nothing yet.
func newReferences(
	clients cluster.Clients, changed func(types.NamespacedName), ended <-chan struct{},
) *references {
	return &references{
		objects: clients.Calls.Objects, metadata: clients.Watches.Metadata, changed: changed, ended: ended,
		known: map[reference]*referent{}, held: map[types.NamespacedName][]reference{},
	}
}

// hold watches an object for as long as a Rollout holds it.
func (c *references) hold(holder types.NamespacedName, each reference) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[each] == nil {
		c.known[each] = c.watch(each)
	}
	if !c.known[each].holders[holder] {
		c.known[each].holders[holder] = true
		c.held[holder] = append(c.held[holder], each)
	}
}

// only lets a Rollout hold nothing but certain objects.
func (c *references) only(holder types.NamespacedName, wanted []reference) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := slices.DeleteFunc(c.held[holder], func(each reference) bool {
		if slices.Contains(wanted, each) {
			return false
		}
		c.release(holder, each)
		return true
	})
	if c.held[holder] = kept; len(kept) == 0 {
		delete(c.held, holder)
	}
}

// release ends the watch of an object to which nobody refers any more.
func (c *references) release(holder types.NamespacedName, each reference) {
	known := c.known[each]
	if delete(known.holders, holder); len(known.holders) == 0 {
		known.stop()
		delete(c.known, each)
	}
}

// watch begins to watch the metadata of an object.
func (c *references) watch(each reference) *referent {
	informer := metadatainformer.NewFilteredMetadataInformer(c.metadata, each.resource, each.namespace, 0, nil,
		func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, each.name).String()
		}).Informer()
	// It outlives the pass that needs it first.
	lasting, stop := context.WithCancel(wait.ContextForChannel(c.ended))
	known := &referent{holders: map[types.NamespacedName]bool{}, stop: stop}
	shown := func(object any) {
		if described, isObject := object.(metav1.Object); isObject {
			c.show(known, each.versionOf(described))
		}
	}
	// A new informer takes a transformation and handlers.
	_ = informer.SetTransform(versionAlone)
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: shown, UpdateFunc: func(_, now any) { shown(now) }, DeleteFunc: func(any) { c.show(known, "") },
	})
	known.listed = func() bool { return err == nil && registration.HasSynced() }
	go informer.RunWithContext(lasting)
	return known
}

// show notes the version of an object, and visits the Rollouts that were told of another one.
func (c *references) show(known *referent, version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known.seen = version
	if known.read == version {
		return
	}
	for holder := range known.holders {
		c.changed(holder)
	}
}

// versionOf names what an object says; the status of one with a generation is none of it, unless it tells of pods that
// the object replaces by itself.
func (r reference) versionOf(object metav1.Object) string {
	if generation := object.GetGeneration(); generation > 0 && !rollout.TellsOfPods(r.resource) {
		return fmt.Sprintf("%s/%d/%s", object.GetUID(), generation, object.GetAnnotations()[v1alpha1.AnnotationReleasedTo])
	}
	return fmt.Sprintf("%s/%s", object.GetUID(), object.GetResourceVersion())
}

// versionAlone keeps of an object what versionOf reads.
func versionAlone(object any) (any, error) {
	described, isObject := object.(*metav1.PartialObjectMetadata)
	if !isObject {
		return object, nil
	}
	kept := metav1.ObjectMeta{
		Name: described.Name, Namespace: described.Namespace, UID: described.UID,
		ResourceVersion: described.ResourceVersion, Generation: described.Generation,
	}
	if released, is := described.Annotations[v1alpha1.AnnotationReleasedTo]; is {
		kept.Annotations = map[string]string{v1alpha1.AnnotationReleasedTo: released}
	}
	return &metav1.PartialObjectMetadata{TypeMeta: described.TypeMeta, ObjectMeta: kept}, nil
}

// current returns what was made of an object that has not changed since.
func (c *references) current(each reference) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.known[each]
	if known == nil || !known.listed() || known.seen != known.read {
		return nil, false
	}
	return known.value, true
}

// keep notes what was made of an object.
func (c *references) keep(each reference, version string, value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.known[each]; known != nil {
		known.read, known.value = version, value
	}
}

// outdate lets an object be read again, whatever the watch shows.
func (c *references) outdate(each reference) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.known[each]; known != nil {
		known.read = outdated
	}
}

// outdated is the version of nothing.
const outdated = "-"

// refer returns what is made of an object that a Rollout holds, or nothing where the object is not there.
func refer[T any](
	ctx context.Context, c *references, each reference, parse func(*unstructured.Unstructured) (T, error),
) (value T, err error) {
	if known, is := c.current(each); is {
		if value, is = known.(T); is {
			return value, nil
		}
	}
	object, err := c.objects.Resource(each.resource).Namespace(each.namespace).Get(ctx, each.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		c.keep(each, "", value)
		return value, nil
	}
	if err != nil {
		return value, fmt.Errorf("read %s %s: %w", each.resource.GroupResource(), each.name, err)
	}
	if value, err = parse(object); err == nil {
		c.keep(each, each.versionOf(object), value)
	}
	return value, err
}
