// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// shape is what of a type decides whether a JSON value fits it; nil is a type that takes its values as they are.
type shape struct {
	// kind is Struct, Slice or Map, Int for a number and what may be one, and String for a time.
	kind   reflect.Kind
	fields []member
	items  *shape
	// nullable says that an item may be null: it is a pointer, or holds any JSON.
	nullable bool
}

// member is a field of a struct.
type member struct {
	*shape
	name string
	// written says that the field is encoded even where it is empty, so that leaving it out would add it.
	written bool
}

// shapes are those of the kinds of Argo's group, by the Go types of their objects.
type shapes map[reflect.Type]*shape

// newShapes returns the shapes of a scheme. What only the server writes has none: metadata is Kubernetes' own, and a
// status comes from controllers.
func newShapes(scheme *runtime.Scheme) shapes {
	withMetadata := reflect.TypeFor[metav1.ObjectMetaAccessor]()
	found := shapes{}
	for gvk, kind := range scheme.AllKnownTypes() {
		object := reflect.PointerTo(kind)
		if gvk.Group != argoGroup || gvk.Version == runtime.APIVersionInternal || !object.Implements(withMetadata) {
			continue
		}
		root := shapeOf(kind)
		root.fields = slices.DeleteFunc(root.fields, func(m member) bool {
			return m.name == "metadata" || m.name == "status"
		})
		found[object] = root
	}
	return found
}

// of returns the shape of an object; nil where it has none.
func (s shapes) of(object runtime.Object) *shape {
	return s[reflect.TypeOf(object)]
}

// shapeOf returns the shape of a type, of which none holds itself.
func shapeOf(t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[intstr.IntOrString]():
		return &shape{kind: reflect.Int}
	case t == reflect.TypeFor[metav1.Time]():
		return &shape{kind: reflect.String}
	case readsItself(t), t == reflect.TypeFor[[]byte](): // bytes are a string
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return &shape{kind: reflect.Struct, fields: fieldsOf(t)}
	case reflect.Slice, reflect.Map:
		items := t.Elem()
		return &shape{
			kind: t.Kind(), items: shapeOf(items),
			nullable: items.Kind() == reflect.Pointer || readsItself(items),
		}
	case reflect.Int32, reflect.Int64:
		return &shape{kind: reflect.Int}
	default:
		return nil
	}
}

// fieldsOf returns the fields of a struct, and those of structs that it embeds.
func fieldsOf(t reflect.Type) []member {
	var found []member
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name != "":
			found = append(found, member{shapeOf(field.Type), name, !strings.Contains(options, "omit")})
		case field.Anonymous:
			found = append(found, fieldsOf(field.Type)...)
		}
	}
	return found
}

// readsItself says that a type has a JSON form of its own.
func readsItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}
