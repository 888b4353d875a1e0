// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// collectEvery is how often records are looked for that nothing needs any more.
const collectEvery = time.Hour

// KeepCollecting collects from time to time until ctx ends.
func (d *Desk) KeepCollecting(ctx context.Context) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := errors.Join(d.Collect(ctx), d.Sweep(ctx)); err != nil {
			klog.FromContext(ctx).Error(err, "Records that nothing needs any more are left for later")
		}
	}, collectEvery)
}

// Collect deletes the Plans of Applications that are gone, and what was said of Plans that are, once they are older
// than records are kept. The manifests of a Plan go with the last one that names them. Where anything cannot be read,
// nothing is deleted.
func (d *Desk) Collect(ctx context.Context) error {
	if d.Retention == 0 {
		return nil
	}
	// The records are read before the Applications: what is recorded meanwhile is of one that is there.
	plans, err := d.Client.CapstanV1alpha1().Plans(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("read all Plans: %w", err)
	}
	approvals, err := d.Client.CapstanV1alpha1().Approvals(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("read all Approvals: %w", err)
	}
	apps, err := d.Client.ArgoprojV1alpha1().Applications(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("read all Applications: %w", err)
	}
	there := make(map[types.UID]bool, len(apps.Items))
	for i := range apps.Items {
		there[apps.Items[i].UID] = true
	}
	kept := map[types.NamespacedName]bool{}
	for i := range plans.Items {
		plan := &plans.Items[i]
		if there[plan.Spec.Application.UID] || !d.oldPlan(plan) {
			kept[types.NamespacedName{Namespace: plan.Namespace, Name: plan.Name}] = true
			continue
		}
		err := d.Client.CapstanV1alpha1().Plans(plan.Namespace).Delete(ctx, plan.Name, exactly(plan))
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("forget Plan %s/%s: %w", plan.Namespace, plan.Name, err)
		}
	}
	for i := range approvals.Items {
		said := &approvals.Items[i]
		of := types.NamespacedName{Namespace: said.Namespace, Name: said.Spec.Plan}
		if there[said.Spec.Application.UID] && kept[of] || !d.old(said) || d.Withdraw(ctx, said) != nil {
			continue
		}
		err := d.Client.CapstanV1alpha1().Approvals(said.Namespace).Delete(ctx, said.Name, exactly(said))
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("forget Approval %s/%s: %w", said.Namespace, said.Name, err)
		}
	}
	return nil
}

// old reports that a record is older than records are kept.
func (d *Desk) old(record metav1.Object) bool {
	return d.past(record.GetCreationTimestamp())
}

// oldPlan reports that a Plan was made, and begun, longer ago than records are kept.
func (d *Desk) oldPlan(plan *capstan.Plan) bool {
	return d.old(plan) && (plan.Status.StartedAt == nil || d.past(*plan.Status.StartedAt))
}

func (d *Desk) past(at metav1.Time) bool {
	return d.Retention > 0 && d.Clock.Since(at.Time) >= d.Retention
}

// exactly deletes an object, and no other of its name.
func exactly(object metav1.Object) metav1.DeleteOptions {
	return metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(object.GetUID()))}
}
