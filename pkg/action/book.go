// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v3/resource_customizations"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/script"
)

// ErrNone says that an object has no action of a name.
var ErrNone = errors.New("the resource has no such action")

// Action is an action that an object has.
type Action struct {
	Name        string
	DisplayName string
	IconClass   string
	// Disabled says that the action makes no sense now.
	Disabled bool
	Params   []Param
}

// Param is a parameter of an action.
type Param struct{ Name, Value, Type, Default string }

// Book finds the scripts of actions: a user's own, and the community's.
type Book struct {
	tools *script.Tools
	// own returns what a user says of kinds.
	own func() customization.Set
}

// NewBook returns the actions that own, which is asked each time, and the community know.
func NewBook(own func() customization.Set) (*Book, error) {
	tools, err := script.NewTools()
	if err != nil {
		return nil, err
	}
	return &Book{tools: tools, own: own}, nil
}

// List returns the actions of an object, by name.
func (b *Book) List(object *unstructured.Unstructured) ([]Action, error) {
	kind := object.GroupVersionKind().GroupKind()
	found := map[string]Action{}
	own := b.own().ActionsOf(kind)
	if own != nil && own.Fault != nil {
		return nil, own.Fault
	}
	if own != nil && own.Discovery != "" {
		if err := b.discover(own.Key, own.Discovery, object, found); err != nil {
			return nil, err
		}
	}
	if own == nil || own.Merge {
		if text, exists := community(kind, "discovery.lua"); exists {
			if err := b.discover(folder(kind), text, object, found); err != nil {
				return nil, err
			}
		}
	}
	list := make([]Action, 0, len(found))
	for _, action := range found {
		list = append(list, action)
	}
	slices.SortFunc(list, func(a, b Action) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// discover adds what a script lists; what is known already stays.
func (b *Book) discover(name, text string, object *unstructured.Unstructured, into map[string]Action) error {
	value, err := b.run(name, text, object, nil)
	if err != nil {
		return err
	}
	actions, isMap := value.(map[string]any)
	if !isMap {
		return fmt.Errorf("%s: the discovery of actions returned no table of actions", name)
	}
	for name, value := range actions {
		if _, known := into[name]; !known {
			into[name] = actionOf(name, value)
		}
	}
	return nil
}

func actionOf(name string, value any) Action {
	fields, _ := value.(map[string]any)
	text := func(fields map[string]any, name string) string { found, _ := fields[name].(string); return found }
	disabled, _ := fields["disabled"].(bool)
	action := Action{
		Name: name, Disabled: disabled, DisplayName: text(fields, "displayName"), IconClass: text(fields, "iconClass"),
	}
	params, _ := fields["params"].([]any)
	for _, param := range params {
		if entry, isMap := param.(map[string]any); isMap {
			action.Params = append(action.Params, Param{
				Name: text(entry, "name"), Value: text(entry, "value"), Type: text(entry, "type"),
				Default: text(entry, "default"),
			})
		}
	}
	return action
}

// text returns the script of an action.
func (b *Book) text(kind schema.GroupKind, name string) (key, text string, err error) {
	own := b.own().ActionsOf(kind)
	if own != nil && own.Fault != nil {
		return "", "", own.Fault
	}
	if own != nil {
		if text, exists := own.Scripts[name]; exists {
			return own.Key, text, nil
		}
	}
	if text, exists := community(kind, name+"/action.lua"); exists && !strings.Contains(name, "/") {
		return folder(kind) + "/" + name, text, nil
	}
	return "", "", ErrNone
}

func (b *Book) run(name, text string, object *unstructured.Unstructured, parameters map[string]string) (any, error) {
	compiled, err := script.Compile(name, text, b.tools)
	if err != nil {
		return nil, err
	}
	value, err := compiled.Run(object.Object, parameters)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return script.Value(value, object.Object)
}

// community reads one of the scripts that Argo CD ships. Names that lead elsewhere name no file there.
func community(kind schema.GroupKind, file string) (string, bool) {
	name := folder(kind) + "/" + file
	if !fs.ValidPath(name) {
		return "", false
	}
	text, err := resource_customizations.Embedded.ReadFile(name)
	return string(text), err == nil
}

func folder(kind schema.GroupKind) string { return path.Join(kind.Group, kind.Kind, "actions") }
