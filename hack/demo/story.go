// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

const (
	staging    = "staging"
	production = "production"
	patience   = time.Minute
	namespace  = "argocd"
)

// story is the demo: each step does one thing and asserts what follows from it.
type story struct {
	world *world.World
	repo  *gitserver.Repository
	// printed is what the story printed.
	printed strings.Builder
}

func newStory(ctx context.Context, root, dir string) (*story, error) {
	s := &story{}
	s.say("Building and starting a hub, %s and %s (the first time this takes minutes) …", staging, production)
	began := time.Now()
	w, err := world.New(ctx, world.Options{
		Root: root, Dir: dir, Clusters: []string{staging, production}, Out: os.Stderr,
	})
	if err != nil {
		return nil, err
	}
	s.world = w
	s.say("Three clusters, a Git server and Capstan are up after %.1f s.", time.Since(began).Seconds())
	return s, nil
}

// tell plays the steps in order.
func (s *story) tell(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.register, s.guard, s.deploy, s.breakByHand, s.push, s.overreach, s.release,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) register(ctx context.Context) error {
	s.title("Register the clusters, as for Argo CD: by a Secret each")
	for _, name := range []string{staging, production} {
		if err := s.world.Register(ctx, name, map[string]string{"env": name}); err != nil {
			return err
		}
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	connected := func(out string) bool { return strings.Count(out, "Connected") == 3 }
	if _, err := s.world.Hub().Until(bounded, connected, "get", "clusters.capstan.dev"); err != nil {
		return err
	}
	return s.show(ctx, "get", "clusters.capstan.dev")
}

func (s *story) deploy(ctx context.Context) (err error) {
	s.title("One ApplicationSet makes an Application for every cluster")
	if s.repo, err = s.world.Guestbook(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := s.world.Hub().Apply(ctx, strings.Replace(world.GuestbookSet(s.repo.URL()),
		"name: guestbook", "name: guestbook\n  namespace: "+namespace, 1)); err != nil {
		return err
	}
	for _, name := range []string{"in-cluster", staging} {
		if err := s.settles(ctx, name); err != nil {
			return err
		}
	}
	s.say("Synced and healthy in the hub and in %s after %.1f s; %s waits.",
		staging, time.Since(began).Seconds(), production)
	if err := s.holds(ctx, production, ""); err != nil {
		return err
	}
	if err := s.admit(ctx); err != nil {
		return err
	}
	return s.settled(ctx)
}

// settled waits until every Application is Synced and Healthy.
func (s *story) settled(ctx context.Context) error {
	for _, name := range []string{"in-cluster", staging, production} {
		if err := s.settles(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// settles waits until the Application of a cluster is Synced and Healthy.
func (s *story) settles(ctx context.Context, cluster string) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.world.Hub().Until(bounded, plane.Prints("Synced/Healthy"), "get", "application", cluster+"-guestbook",
		"-n", namespace, "-o", "jsonpath={.status.sync.status}/{.status.health.status}")
	return err
}

func (s *story) breakByHand(ctx context.Context) error {
	s.title("Somebody changes %s by hand; Capstan heals it with what was approved", production)
	cluster := s.world.Plane.Kubectl(production)
	if _, err := cluster.Run(ctx, "set", "image", "-n", "guestbook", "deployment/guestbook",
		"guestbook=example.com/guestbook:hacked"); err != nil {
		return err
	}
	began := time.Now()
	if err := s.runs(ctx, production, "v1"); err != nil {
		return err
	}
	s.say("kubectl set image … guestbook:hacked was healed after %.2f s.", time.Since(began).Seconds())
	return s.settled(ctx)
}

func (s *story) push(ctx context.Context) error {
	s.title("A push to Git arrives")
	if err := s.merge(ctx, "Release v2", world.GuestbookBase("v2")); err != nil {
		return err
	}
	began := time.Now()
	for _, name := range []string{world.Hub, staging} {
		if err := s.runs(ctx, name, "v2"); err != nil {
			return err
		}
	}
	s.say("v2 is in the hub and in %s after %.2f s; %s waits.", staging, time.Since(began).Seconds(), production)
	if _, err := s.gate(ctx, "AwaitingApproval"); err != nil {
		return err
	}
	if err := s.runs(ctx, production, "v1"); err != nil {
		return err
	}
	if err := s.admit(ctx); err != nil {
		return err
	}
	if err := s.runs(ctx, production, "v2"); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	return s.show(ctx, "get", "syncruns", "-n", namespace)
}

// runs waits until the guestbook of a cluster runs a version.
func (s *story) runs(ctx context.Context, cluster, version string) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.world.Plane.Kubectl(cluster).Until(bounded, plane.Prints("example.com/guestbook:"+version),
		"get", "deployment", "guestbook", "-n", "guestbook", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	return err
}

// invite prints what can be tried while the demo stays up.
func (s *story) invite() {
	s.title("Try it")
	for _, line := range []string{
		fmt.Sprintf("export KUBECONFIG=%s PATH=%s:$PATH", s.world.Plane.Clusters[world.Hub].Kubeconfig, s.world.Plane.Bin),
		"kubectl get applications -n argocd -w",
		"kubectl get --raw /apis/argoproj.io/v1alpha1/namespaces/argocd/applications/staging-guestbook/diff",
		`echo '{"prune":true}' | kubectl create --raw ` +
			"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/staging-guestbook/sync -f -",
		"kubectl --kubeconfig " + s.world.Plane.Clusters[production].Kubeconfig + " delete deployment guestbook -n guestbook",
		"kubectl explain application.spec.syncPolicy",
		"git clone " + s.repo.URL() + "   # change something and push; then what production waits for:",
		"kubectl get plans -n argocd -o wide",
		"kubectl get --raw /apis/capstan.dev/v1alpha1/namespaces/argocd/plans/PLAN/manifests",
		`echo '{"planDigest":"DIGEST"}' | kubectl --as ` + approver + " create --raw " + approve + " -f -",
		"kubectl get approvals -n argocd -o wide",
		"kubectl get rollout guestbook -n shop -o wide -w   # while you change its image with kubectl edit",
	} {
		s.say("  %s", line)
	}
	s.say("Press Ctrl-C to stop.")
}

// show runs kubectl on the hub as a person would, and prints what it prints.
func (s *story) show(ctx context.Context, args ...string) error {
	out, err := s.world.Hub().Run(ctx, args...)
	if err != nil {
		return err
	}
	s.say("$ kubectl %s\n%s", quoted(args), out)
	return nil
}

// quoted is a command as a shell takes it.
func quoted(args []string) string {
	shown := slices.Clone(args)
	for i, arg := range shown {
		if strings.ContainsAny(arg, `{"`) {
			shown[i] = "'" + arg + "'"
		}
	}
	return strings.Join(shown, " ")
}

func (s *story) title(format string, values ...any) { s.say("\n== "+format, values...) }

// say prints a line. What the terminal does not take is kept all the same.
func (s *story) say(format string, values ...any) {
	line := fmt.Sprintf(format, values...)
	fmt.Println(line)
	fmt.Fprintln(&s.printed, line)
}
