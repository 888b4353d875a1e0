// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

const (
	guarded  = production + "-guestbook"
	approver = "ann"
	approve  = "/apis/argoproj.io/v1alpha1/namespaces/" + namespace + "/applications/" + guarded + "/approve"
)

// approvers lets one person approve.
const approvers = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding,
  metadata: {name: approvers, namespace: ` + namespace + `},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-approver},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ` + approver + `}]}
`

// guard says what production is, and who approves there.
func (s *story) guard(ctx context.Context) error {
	s.title("Declare %s to be production, and let %s approve there", production, approver)
	if err := s.world.Hub().Apply(ctx, approvers); err != nil {
		return err
	}
	return s.show(ctx, "patch", "clusters.capstan.dev", production, "--type=merge", "-p", `{"spec":{"tier":"production"}}`)
}

// admit shows the Plan that production waits for, and has it approved.
func (s *story) admit(ctx context.Context) error {
	digest, err := s.proposed(ctx)
	if err != nil {
		return err
	}
	s.say("$ echo '%s' | kubectl --as %s create --raw %s -f -", decision(digest), approver, approve)
	began := time.Now()
	if err = s.approve(ctx, digest); err != nil {
		return err
	}
	if _, err = s.gate(ctx, "Open"); err != nil {
		return err
	}
	s.say("%s approved; it is in %s after %.2f s.", approver, production, time.Since(began).Seconds())
	return nil
}

// proposed shows the Plan that production waits for, and returns its digest.
func (s *story) proposed(ctx context.Context) (string, error) {
	plan, err := s.gate(ctx, "AwaitingApproval")
	if err != nil {
		return "", err
	}
	if err = s.show(ctx, "get", "applications", "-n", namespace); err != nil {
		return "", err
	}
	if err = s.show(ctx, "get", "plan", plan, "-n", namespace, "-o", "wide"); err != nil {
		return "", err
	}
	return s.digest(ctx, plan)
}

// gate waits until production stands so before the gate, and returns the Plan that it tells of.
func (s *story) gate(ctx context.Context, state string) (plan string, err error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := s.world.Hub().Until(bounded, plane.Prints(state), stands("state")...); err != nil {
		return "", err
	}
	return s.world.Hub().Run(ctx, stands("plan")...)
}

// stands asks how production stands before the gate.
func stands(field string) []string {
	return []string{"get", "application", guarded, "-n", namespace, "-o", "jsonpath={.status.gate." + field + "}"}
}

func (s *story) digest(ctx context.Context, plan string) (string, error) {
	return s.world.Hub().Run(ctx, "get", "plan", plan, "-n", namespace, "-o", "jsonpath={.digest}")
}

func decision(digest string) string { return fmt.Sprintf(`{"planDigest":%q}`, digest) }

func (s *story) approve(ctx context.Context, digest string, flags ...string) error {
	_, err := s.world.Hub().As(approver).Input(ctx, decision(digest),
		append([]string{"create", "--raw", approve, "-f", "-"}, flags...)...)
	return err
}

// overreach merges the deletion of most of the guestbook, and takes it back.
func (s *story) overreach(ctx context.Context) error {
	s.title("A merge deletes the Service and the ConfigMap of every cluster")
	deployment, _, _ := strings.Cut(world.GuestbookBase("v2"), "---\n")
	if err := s.merge(ctx, "Clean up", deployment); err != nil {
		return err
	}
	if err := s.holds(ctx, staging, "deployment.apps/guestbook"); err != nil {
		return err
	}
	plan, err := s.gate(ctx, "Held")
	if err != nil {
		return err
	}
	if err := s.show(ctx, "get", "applications", "-n", namespace); err != nil {
		return err
	}
	if err := s.refused(ctx, plan); err != nil {
		return err
	}
	all := "deployment.apps/guestbook\nservice/guestbook\nconfigmap/guestbook"
	if err := s.holds(ctx, production, all); err != nil {
		return err
	}
	s.say("%s lost them at once; %s has them all. The merge is reverted …", staging, production)
	if err := s.merge(ctx, "Revert: Clean up", world.GuestbookBase("v2")); err != nil {
		return err
	}
	if err := s.holds(ctx, staging, all); err != nil {
		return err
	}
	if _, err := s.gate(ctx, "Open"); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	return s.show(ctx, "get", "plans", "-n", namespace)
}

// refused shows that nobody may approve a Plan that deletes so much.
func (s *story) refused(ctx context.Context, plan string) error {
	digest, err := s.digest(ctx, plan)
	if err != nil {
		return err
	}
	// The answer in full names the reason, which kubectl does not print otherwise.
	err = s.approve(ctx, digest, "-v=10")
	if err == nil {
		return errors.New("a Plan that deletes half of production could be approved")
	}
	if !strings.Contains(err.Error(), `"reason":"PruneLimit"`) {
		return fmt.Errorf("the refusal does not say PruneLimit: %w", err)
	}
	said := err.Error()
	s.say("$ kubectl --as %s create --raw …/approve   # reason: PruneLimit\n%s", approver,
		said[strings.LastIndex(said, "\n")+1:])
	return nil
}

// merge pushes what every cluster is to have.
func (s *story) merge(ctx context.Context, message, base string) error {
	_, err := s.repo.Push(ctx, gitserver.Commit{
		Message: message, Files: map[string]string{"apps/guestbook/base/guestbook.yaml": base},
	})
	return err
}

// holds waits until a cluster holds just these objects of the guestbook.
func (s *story) holds(ctx context.Context, cluster, objects string) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.world.Plane.Kubectl(cluster).Until(bounded, plane.Prints(objects),
		"get", "deployment,service,configmap", "guestbook", "-n", "guestbook", "--ignore-not-found", "-o", "name")
	return err
}
