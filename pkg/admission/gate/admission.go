// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gate admits writes of gated Applications: whatever the verb, the kind of patch or the user, each is judged by
// what it changes, on the object that it replaces. It is there for the early answer; the reconciler judges again.
package gate

import (
	"context"
	"errors"
	"io"

	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

// Name is the name of the plugin.
const Name = "PromotionGate"

// Gate judges what would be written.
type Gate interface {
	// Write judges a write of an Application; before is nil where it is created.
	Write(ctx context.Context, before, after *v1alpha1.Application, who user.Info) error
	// Withdraw judges the deletion of an Approval.
	Withdraw(ctx context.Context, approval *capstan.Approval) error
	// Action judges an action on the objects of an Application.
	Action(ctx context.Context, namespace, name string) error
}

// WantsGate is a plugin that needs a Gate.
type WantsGate interface {
	SetGate(Gate)
}

// Register makes the plugin known.
func Register(plugins *admission.Plugins) {
	plugins.Register(Name, func(io.Reader) (admission.Interface, error) { return New(), nil })
}

// Plugin asks the gate about writes of Applications.
type Plugin struct {
	*admission.Handler
	gate Gate
}

var (
	_ admission.ValidationInterface     = &Plugin{}
	_ admission.InitializationValidator = &Plugin{}
	_ WantsGate                         = &Plugin{}
)

// New returns the plugin.
func New() *Plugin {
	return &Plugin{Handler: admission.NewHandler(admission.Create, admission.Update, admission.Delete)}
}

// SetGate sets who is asked.
func (p *Plugin) SetGate(gate Gate) { p.gate = gate }

// ValidateInitialization reports whether all is set.
func (p *Plugin) ValidateInitialization() error {
	if p.gate == nil {
		return errors.New("a gate is missing")
	}
	return nil
}

// Validate refuses what the gate does not let through.
func (p *Plugin) Validate(ctx context.Context, request admission.Attributes, _ admission.ObjectInterfaces) error {
	if request.IsDryRun() {
		ctx = promotion.Rehearsed(ctx)
	}
	switch request.GetResource().GroupResource() {
	case v1alpha1.Resource("applications"):
		return p.application(ctx, request)
	case capstan.Resource("approvals"):
		return p.approval(ctx, request)
	default:
		return nil
	}
}

// application judges a request for an Application. Subresources that begin something ask the gate on the object that
// they change; a deletion is held by the reconciler.
func (p *Plugin) application(ctx context.Context, request admission.Attributes) error {
	switch {
	case request.GetOperation() == admission.Delete:
		return nil
	case request.GetSubresource() == "":
		return p.write(ctx, request)
	case request.GetSubresource() == "action":
		return p.gate.Action(ctx, request.GetNamespace(), request.GetName())
	default:
		return nil
	}
}

// approval judges the deletion of an Approval; the server alone writes one.
func (p *Plugin) approval(ctx context.Context, request admission.Attributes) error {
	said, known := request.GetOldObject().(*capstan.Approval)
	if request.GetOperation() != admission.Delete || !known || said == nil {
		return nil
	}
	return p.gate.Withdraw(ctx, said)
}

func (p *Plugin) write(ctx context.Context, request admission.Attributes) error {
	app, isApplication := request.GetObject().(*v1alpha1.Application)
	if !isApplication {
		return nil
	}
	before, _ := request.GetOldObject().(*v1alpha1.Application)
	return p.gate.Write(ctx, before, app, request.GetUserInfo())
}
