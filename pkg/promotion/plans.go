// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Propose keeps a Plan with its manifests, as the newest of its Application; a dry run keeps nothing.
func (d *Desk) Propose(
	ctx context.Context, app *v1alpha1.Application, spec capstan.PlanSpec, data []byte, dryRun bool,
) (*capstan.Plan, error) {
	plans, err := d.PlansOf(ctx, app)
	if err != nil {
		return nil, err
	}
	spec.Number, spec.Editors = 1, editors(app, plans)
	if newest := Newest(plans); newest != nil {
		spec.Number = newest.Spec.Number + 1
	}
	plan := &capstan.Plan{Digest: gate.PlanDigest(spec), Spec: spec}
	plan.Namespace, plan.Name = app.Namespace, planName(app.Name, plan.Digest)
	if dryRun {
		return plan, nil
	}
	client := d.Client.CapstanV1alpha1().Plans(app.Namespace)
	made, err := client.Create(ctx, plan, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		made, err = client.Get(ctx, plan.Name, metav1.GetOptions{})
	}
	if err != nil {
		return nil, fmt.Errorf("keep a Plan of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	if err = d.forget(ctx, app, made, plans); err != nil {
		return nil, err
	}
	if spec.Manifests == "" {
		return made, nil
	}
	// Manifests that are not kept make a Plan that cannot be applied: the gate stays shut.
	_, err = client.PutManifests(ctx, made.Name, &capstan.PlanManifests{Data: data}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("keep the manifests of Plan %s/%s: %w", app.Namespace, made.Name, err)
	}
	return made, nil
}

// editors are those who wrote the spec of an Application since the Plan was made that is deployed: what they wrote is
// what the next one brings. Where that Plan left aside what was written before it, so are those whom it names.
func editors(app *v1alpha1.Application, plans []*capstan.Plan) []v1alpha1.SpecEditor {
	at := slices.IndexFunc(plans, func(plan *capstan.Plan) bool { return isDeployed(app, plan) })
	if at < 0 {
		return slices.Clone(app.Status.Editors)
	}
	deployed := plans[at]
	since := slices.DeleteFunc(slices.Clone(app.Status.Editors), func(editor v1alpha1.SpecEditor) bool {
		return editor.At.Before(&deployed.CreationTimestamp)
	})
	if carriesOutSpec(deployed) {
		return since
	}
	owed := slices.DeleteFunc(slices.Clone(deployed.Spec.Editors), func(editor v1alpha1.SpecEditor) bool {
		return slices.ContainsFunc(since, func(later v1alpha1.SpecEditor) bool {
			return later.Username == editor.Username && later.UID == editor.UID
		})
	})
	return append(owed, since...)
}

// carriesOutSpec reports whether a Plan brought all that the spec said. A rollback does not, and what a person asks for
// may be of another revision than the spec's.
func carriesOutSpec(plan *capstan.Plan) bool {
	return plan.Spec.Kind == capstan.PlanSync && plan.Spec.Requester.Automated
}

func isDeployed(app *v1alpha1.Application, plan *capstan.Plan) bool {
	return app.Status.Gate != nil && app.Status.Gate.Deployed != nil && app.Status.Gate.Deployed.Plan == plan.Name
}

// forget deletes the Plans of an Application that are older than Plans are kept, but never what is deployed, as drift
// is put back to that, what is under way, and the newest.
func (d *Desk) forget(
	ctx context.Context, app *v1alpha1.Application, newest *capstan.Plan, plans []*capstan.Plan,
) error {
	for _, plan := range plans {
		underWay := plan.Status.Phase == capstan.PlanRunning
		if isDeployed(app, plan) || underWay || plan.Name == newest.Name || !d.oldPlan(plan) {
			continue
		}
		err := d.Client.CapstanV1alpha1().Plans(plan.Namespace).Delete(ctx, plan.Name, exactly(plan))
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("forget Plan %s/%s: %w", plan.Namespace, plan.Name, err)
		}
	}
	return nil
}

// planName is the Application's name and the beginning of the digest.
func planName(application, digest string) string {
	const longest, algorithm, shown = 230, len("sha256:"), 10
	return fmt.Sprintf("%.*s-%s", longest, application, digest[algorithm:algorithm+shown])
}

// Plan reads one Plan.
func (d *Desk) Plan(ctx context.Context, namespace, name string) (*capstan.Plan, error) {
	plan, err := d.Client.CapstanV1alpha1().Plans(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Plan %s/%s: %w", namespace, name, err)
	}
	if gate.PlanDigest(plan.Spec) != plan.Digest {
		return nil, fmt.Errorf("Plan %s/%s is not what its digest says", namespace, name)
	}
	return plan, nil
}

// Manifests reads the manifests of a Plan. It fails where they are not those that the Plan names.
func (d *Desk) Manifests(ctx context.Context, plan *capstan.Plan) ([]manifest.Manifest, error) {
	kept, err := d.Client.CapstanV1alpha1().Plans(plan.Namespace).GetManifests(ctx, plan.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the manifests of Plan %s/%s: %w", plan.Namespace, plan.Name, err)
	}
	manifests, digest, err := manifest.Unpack(kept.Data)
	if err != nil {
		return nil, fmt.Errorf("read the manifests of Plan %s/%s: %w", plan.Namespace, plan.Name, err)
	}
	if digest != plan.Spec.Manifests {
		return nil, fmt.Errorf("the manifests of Plan %s/%s are not those that it names", plan.Namespace, plan.Name)
	}
	return manifests, nil
}

// Begin notes that a Plan is used, which happens once: of several that begin it at a time, all but one fail.
func (d *Desk) Begin(ctx context.Context, facts gate.Facts, verdict gate.Verdict) (*capstan.Plan, error) {
	now := metav1.Time{Time: facts.Now}
	plan := facts.Plan.DeepCopy()
	plan.Status = capstan.PlanStatus{
		Phase: capstan.PlanRunning, Approvals: verdict.Approvals, PinnedBy: plan.Status.PinnedBy, StartedAt: &now,
	}
	begun, err := d.Client.CapstanV1alpha1().Plans(plan.Namespace).UpdateStatus(ctx, plan, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("begin Plan %s/%s: %w", plan.Namespace, plan.Name, err)
	}
	d.Metrics.decided("run", verdict)
	return begun, d.Spend(ctx, facts.Approvals, now)
}

// Spend notes that Approvals are used, where that was not noted before: a server that is killed while it begins a Plan
// leaves some.
func (d *Desk) Spend(ctx context.Context, approvals []*capstan.Approval, at metav1.Time) error {
	for _, approval := range approvals {
		if approval.Status.UsedAt != nil {
			continue
		}
		used := approval.DeepCopy()
		used.Status.UsedAt = &at
		_, err := d.Client.CapstanV1alpha1().Approvals(used.Namespace).UpdateStatus(ctx, used, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("use Approval %s/%s: %w", used.Namespace, used.Name, err)
		}
	}
	return nil
}

// Pin notes that somebody asks for what a Plan of automation would do: the next commit does not overtake it.
func (d *Desk) Pin(ctx context.Context, plan *capstan.Plan, who capstan.SyncRunRequester) error {
	if Pinned(plan) {
		return nil
	}
	status := *plan.Status.DeepCopy()
	status.PinnedBy = &who
	return d.Note(ctx, plan, status)
}

// Pinned reports that a person asked for a Plan.
func Pinned(plan *capstan.Plan) bool {
	return !plan.Spec.Requester.Automated || plan.Status.PinnedBy != nil
}

// Note writes what became of a Plan, where that is news.
func (d *Desk) Note(ctx context.Context, plan *capstan.Plan, status capstan.PlanStatus) error {
	if equality.Semantic.DeepEqual(plan.Status, status) {
		return nil
	}
	changed := plan.DeepCopy()
	changed.Status = status
	_, err := d.Client.CapstanV1alpha1().Plans(plan.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("note what became of Plan %s/%s: %w", plan.Namespace, plan.Name, err)
	}
	return nil
}

// Deployment is the Plan by which a SyncRun deployed what a rollback goes back to.
func (d *Desk) Deployment(ctx context.Context, app *v1alpha1.Application, name string) (*capstan.Plan, error) {
	run, err := d.Client.CapstanV1alpha1().SyncRuns(app.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read SyncRun %s: %w", name, err)
	case run.Spec.Application.UID != app.UID || run.Status.Phase != v1alpha1.OperationSucceeded || run.Spec.Plan == "":
		return nil, fmt.Errorf("SyncRun %s deployed nothing of this Application through the gate: name another", name)
	}
	return d.Plan(ctx, app.Namespace, run.Spec.Plan)
}

// Approvers are those by whose Approvals a Plan was let through; revoked names one that was taken back since.
func (d *Desk) Approvers(
	ctx context.Context, plan *capstan.Plan,
) (approvers []capstan.SyncRunApprover, revoked string, err error) {
	for _, name := range plan.Status.Approvals {
		approval, err := d.Client.CapstanV1alpha1().Approvals(plan.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			revoked = name
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("read Approval %s/%s: %w", plan.Namespace, name, err)
		}
		approvers = append(approvers, capstan.SyncRunApprover{
			Username: approval.Spec.Approver.Username, Decision: approval.Spec.Decision, Reason: approval.Spec.Reason,
			At: approval.CreationTimestamp,
		})
	}
	return approvers, revoked, nil
}
