// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/script"
)

// Rules assesses objects by users' rules, by the community's Lua rules and by the rules of
// Kubernetes' own kinds; it is safe for concurrent use.
type Rules struct {
	own      []*ownRule
	newer    map[schema.GroupKind]builtin
	scripts  *scripts
	builtins map[schema.GroupKind]builtin
	tools    *script.Tools
}

// builtin is a rule in Go: the versions whose fields it knows, and the assessment.
type builtin struct {
	versions []string
	assess   func(*fields) Health
}

// NewRules returns the rules of every known kind. It fails where the embedded scripts cannot
// be listed.
func NewRules() (*Rules, error) {
	tools, err := script.NewTools()
	if err != nil {
		return nil, err
	}
	found, err := communityScripts(tools)
	if err != nil {
		return nil, fmt.Errorf("list the community's health rules: %w", err)
	}
	return &Rules{newer: newerRules(), scripts: found, builtins: builtinRules(), tools: tools}, nil
}

// Has tells whether a rule assesses the kind; objects of other kinds have no health.
func (r *Rules) Has(gk schema.GroupKind) bool {
	if _, found := r.newerRule(gk); found || r.ownRule(gk) != nil || r.scripts.find(gk) != nil {
		return true
	}
	_, found := r.builtins[gk]
	return found
}

// Assess returns the health of a live object, or nil where no rule knows its kind or the rule
// has nothing to say of it. A user's rule goes before a script, and a script before a built-in rule
// (as Argo CD 3.5: gitops-engine/pkg/health/health.go). An error means that the health is not known: the
// rule failed, or the object is not what its kind says. Whether the object is being deleted is
// PendingDeletion's question.
func (r *Rules) Assess(object *unstructured.Unstructured) (*Health, error) {
	health, _, err := r.Rate(object)
	return health, err
}

// Rate is Assess, and names the rule that answered; the name is "" where none knows the kind.
func (r *Rules) Rate(object *unstructured.Unstructured) (*Health, string, error) {
	if object == nil || object.Object == nil {
		return nil, "", errors.New("assess health: there is no object; pass one that was read from a cluster")
	}
	gvk := object.GroupVersionKind()
	name, assess := r.rule(gvk)
	if assess == nil {
		return nil, "", nil
	}
	health, err := assess(object.Object)
	if err != nil {
		return nil, name, fmt.Errorf("assess health of %s %s/%s: %w",
			gvk.GroupKind(), object.GetNamespace(), object.GetName(), err)
	}
	return health, name, nil
}

// rule returns the rule of a kind with its name, nil where there is none.
func (r *Rules) rule(gvk schema.GroupVersionKind) (string, func(map[string]any) (*Health, error)) {
	kind := gvk.GroupKind()
	if rule := r.ownRule(kind); rule != nil {
		return customization.ConfigMap + " " + rule.Key, rule.run
	}
	inGo := func(rule builtin) (string, func(map[string]any) (*Health, error)) {
		return "built-in " + kind.String(), func(object map[string]any) (*Health, error) {
			return rule.run(object, gvk.Version)
		}
	}
	if rule, found := r.newerRule(kind); found {
		return inGo(rule)
	}
	if found := r.scripts.find(kind); found != nil {
		return "community " + found.pattern, func(object map[string]any) (*Health, error) {
			rule, err := found.compiled()
			if err != nil {
				return nil, err
			}
			return rule.run(object)
		}
	}
	if rule, found := r.builtins[kind]; found {
		return inGo(rule)
	}
	return "", nil
}

func (b builtin) run(object map[string]any, version string) (*Health, error) {
	if !b.knows(version) {
		return nil, fmt.Errorf("version %q is not supported; read it as one of %v", version, b.versions)
	}
	read := &fields{object: object}
	health := b.assess(read)
	if read.err != nil {
		return nil, read.err
	}
	return &health, nil
}

// knows tells whether the rule reads the version; a rule without versions reads them all.
func (b builtin) knows(version string) bool {
	for _, known := range b.versions {
		if known == version {
			return true
		}
	}
	return len(b.versions) == 0
}

// builtinRules returns the kinds that are rated in Go (as Argo CD 3.5: gitops-engine/pkg/health).
func builtinRules() map[schema.GroupKind]builtin {
	v1 := []string{"v1"}
	return map[schema.GroupKind]builtin{
		{Group: "", Kind: "PersistentVolumeClaim"}: {v1, claimHealth},
		{Group: "", Kind: "Pod"}:                   {v1, podHealth},
		{Group: "", Kind: "Service"}:               {v1, serviceHealth},

		{Group: "apiregistration.k8s.io", Kind: "APIService"}: {[]string{"v1", "v1beta1"}, apiServiceHealth},

		{Group: "apps", Kind: "DaemonSet"}:   {v1, daemonSetHealth},
		{Group: "apps", Kind: "Deployment"}:  {v1, deploymentHealth},
		{Group: "apps", Kind: "ReplicaSet"}:  {v1, replicaSetHealth},
		{Group: "apps", Kind: "StatefulSet"}: {v1, statefulSetHealth},

		{Group: "argoproj.io", Kind: "Workflow"}: {nil, workflowHealth},
		{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}: {
			[]string{"v1", "v2", "v2beta1", "v2beta2"}, autoscalerHealth,
		},
		{Group: "batch", Kind: "Job"}:                 {v1, jobHealth},
		{Group: "extensions", Kind: "Ingress"}:        {nil, ingressHealth},
		{Group: "networking.k8s.io", Kind: "Ingress"}: {nil, ingressHealth},
	}
}
