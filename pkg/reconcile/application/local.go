// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/render"
)

// isLocal reports an operation that brings the manifests with it.
func isLocal(app *v1alpha1.Application) bool {
	sync := syncOf(app)
	return sync != nil && len(sync.Manifests) > 0
}

// wantLocal takes what is wanted from the operation. Automated sync would undo it at once, so
// it has to be off (as Argo CD 3.5: server/application/application.go Sync). Nothing of it
// outlives the operation.
func (r *Reconciler) wantLocal(ctx context.Context, p *pass) error {
	sync := syncOf(p.app)
	if automated(policyOf(p.app)) && !sync.DryRun {
		return invalid(errors.New("operation.sync.manifests cannot be synced while spec.syncPolicy.automated is on"))
	}
	for i, one := range p.from.sources {
		if err := project.PermitsSource(p.owner, one.RepoURL); err != nil {
			return invalid(p.from.about(i, err))
		}
	}
	var err error
	if p.read.output, err = local(sync.Manifests); err != nil {
		return invalid(err)
	}
	prepared, err := r.prepare(ctx, p.app, p.owner, p.target, p.read.output)
	if err != nil {
		return err
	}
	p.prepared, p.desired = &prepared, r.summarize(p, prepared, r.inputOf(p))
	p.desired.seen, p.desired.revision = sync.Revision, sync.Revision
	return nil
}

// local reads the manifests of an operation as if they had been rendered.
func local(texts []string) (render.Output, error) {
	output := render.Output{Digest: manifest.DigestOf([]byte(strings.Join(texts, "\n---\n")))}
	for i, text := range texts {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil || object.Object == nil {
			return render.Output{}, fmt.Errorf("operation.sync.manifests[%d] is not one object", i)
		}
		m, err := manifest.New(object)
		if err != nil {
			return render.Output{}, fmt.Errorf("operation.sync.manifests[%d]: %w", i, err)
		}
		output.Manifests = append(output.Manifests, m)
	}
	return output, nil
}
