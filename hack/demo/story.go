// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
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
	dir   string
}

func newStory(ctx context.Context, root, dir string) (*story, error) {
	s := &story{dir: dir}
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
	for _, step := range []func(context.Context) error{s.register, s.deploy, s.breakByHand, s.push} {
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
	if err := s.settled(ctx); err != nil {
		return err
	}
	s.say("Synced and healthy in three clusters after %.1f s.", time.Since(began).Seconds())
	return s.show(ctx, "get", "applications", "-n", namespace)
}

// settled waits until every Application is Synced and Healthy.
func (s *story) settled(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.world.Hub().Until(bounded, plane.Prints("Synced/Healthy Synced/Healthy Synced/Healthy"),
		"get", "applications", "-n", namespace, "-o",
		`jsonpath={range .items[*]}{.status.sync.status}/{.status.health.status} {end}`)
	return err
}

func (s *story) breakByHand(ctx context.Context) error {
	s.title("Somebody changes production by hand; Capstan heals it")
	cluster := s.world.Plane.Kubectl(production)
	if _, err := cluster.Run(ctx, "set", "image", "-n", "guestbook", "deployment/guestbook",
		"guestbook=example.com/guestbook:hacked"); err != nil {
		return err
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := cluster.Until(bounded, plane.Prints("example.com/guestbook:v1"), image()...); err != nil {
		return err
	}
	s.say("kubectl set image … guestbook:hacked was healed after %.2f s.", time.Since(began).Seconds())
	return s.settled(ctx)
}

func (s *story) push(ctx context.Context) error {
	s.title("A push to Git arrives")
	commit, err := s.repo.Push(ctx, gitserver.Commit{
		Message: "Release v2",
		Files:   map[string]string{"apps/guestbook/base/guestbook.yaml": world.GuestbookBase("v2")},
	})
	if err != nil {
		return err
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, name := range []string{world.Hub, staging, production} {
		_, err := s.world.Plane.Kubectl(name).Until(bounded, plane.Prints("example.com/guestbook:v2"), image()...)
		if err != nil {
			return err
		}
	}
	s.say("Commit %.7s is in all three clusters after %.2f s.", commit, time.Since(began).Seconds())
	if err := s.settled(ctx); err != nil {
		return err
	}
	if err := s.show(ctx, "get", "applications", "-n", namespace, "-o", "wide"); err != nil {
		return err
	}
	return s.show(ctx, "get", "syncruns", "-n", namespace)
}

// image asks for the image that the guestbook runs.
func image() []string {
	return []string{"get", "deployment", "guestbook", "-n", "guestbook", "-o",
		"jsonpath={.spec.template.spec.containers[0].image}"}
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
		"git clone " + s.repo.URL() + "   # change something and push",
	} {
		fmt.Println("  " + line)
	}
	s.say("Press Ctrl-C to stop.")
}

// show runs kubectl on the hub as a person would, and prints what it prints.
func (s *story) show(ctx context.Context, args ...string) error {
	out, err := s.world.Hub().Run(ctx, args...)
	if err != nil {
		return err
	}
	fmt.Printf("$ kubectl %s\n%s\n", strings.Join(args, " "), out)
	return nil
}

func (s *story) title(text string)                { fmt.Printf("\n== %s\n", text) }
func (s *story) say(format string, values ...any) { fmt.Printf(format+"\n", values...) }
