// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
	"github.com/capstan-dev/capstan/pkg/registry/application"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// The people before the gate.
const (
	// lead may do all that RBAC can grant of Applications, and approves nothing.
	lead = "lead"
	// tenant writes and syncs Applications, without the verbs of the gate.
	tenant = "tenant"
	// alice and bob approve.
	alice = "alice"
	bob   = "bob"
	// requester asked for the Plan, carol wrote a commit of it, mallory writes the policies. Each holds the role, too.
	requester = "requester"
	carol     = "carol"
	mallory   = "mallory"
	// keeper writes Clusters, without the right to take production off one.
	keeper = "keeper"
	// robot is a service account that holds the role.
	robot = "system:serviceaccount:ci:robot"
)

func gateRules() []apiserver.Rule {
	const apps = "applications"
	granted := []apiserver.Rule{
		{User: admin, Verb: apiserver.Any, Resource: apiserver.Any},
		{User: mallory, Verb: apiserver.Any, Resource: "promotionpolicies"},
	}
	for _, verb := range []string{"get", "list", "create", "update", "patch", "delete", "deletecollection"} {
		granted = append(granted, apiserver.Rule{User: tenant, Verb: verb, Resource: apps})
	}
	for _, verb := range []string{"get", "update", "patch", "delete", "deletecollection"} {
		granted = append(granted, apiserver.Rule{User: keeper, Verb: verb, Resource: "clusters"})
	}
	granted = append(granted, apiserver.Rule{User: keeper, Verb: "patch", Resource: "clusters/status"})
	for _, user := range []string{lead, tenant} {
		for _, sub := range []string{"sync", "rollback", "terminate", "action", "approve", "breakglass"} {
			granted = append(granted, apiserver.Rule{User: user, Verb: "create", Resource: apps + "/" + sub})
		}
	}
	granted = append(granted, apiserver.Rule{User: lead, Verb: apiserver.Any, Resource: apps})
	granted = append(granted, rolloutGateRules()...)
	granted = append(granted, analysisGateRules()...)
	for _, user := range []string{alice, "ALICE", bob, requester, carol, mallory, robot} {
		granted = append(granted,
			apiserver.Rule{User: user, Verb: "approve", Resource: "approvalroles", Name: gate.DefaultRole},
			apiserver.Rule{User: user, Verb: "create", Resource: "promotionpolicies/approve"})
		for _, sub := range []string{"approve", "reject", "breakglass"} {
			granted = append(granted, apiserver.Rule{User: user, Verb: "create", Resource: apps + "/" + sub})
		}
	}
	return granted
}

// attack is one attempt to get past the gate.
type attack func(t *testing.T, w *world)

func TestGate(t *testing.T) {
	t.Parallel()
	w := guarded(t)
	attacks := map[string]attack{}
	for _, more := range []map[string]attack{
		operationAttacks(), recordAttacks(), approvalAttacks(), exitAttacks(), policyAttacks(),
		reviewAttacks(), metricStories(), freezeAttacks(), rolloutAttacks(), analysisAttacks(),
	} {
		maps.Copy(attacks, more)
	}
	for _, name := range slices.Sorted(maps.Keys(attacks)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attacks[name](t, w)
		})
	}
}

// guarded starts a server whose gate is in use: it is apart from the others, which nothing gates.
func guarded(t *testing.T, changes ...func(*promotion.Desk)) *world {
	t.Helper()
	w := &world{apiserver.Start(t, apiserver.Options{Assembly: destined(changes...), Configure: withoutControllers(t)})}
	w.Rules.Allow(gateRules()...)
	return w
}

// destined is the assembly of the stories, but that the UID of a destination is what its Cluster object says: a server
// without a host cluster has no connection over which to read it.
func destined(changes ...func(*promotion.Desk)) *server.Assembly {
	product := assembly()
	build := product.Build
	product.Build = func(ctx context.Context, d server.Dependencies) (*server.Parts, error) {
		parts, err := build(ctx, d)
		if err != nil {
			return nil, err
		}
		for _, provider := range parts.Storage[v1alpha1.SchemeGroupVersion] {
			if reached, ok := provider.(server.Reached); ok {
				provider = reached.StorageProvider
			}
			applications, ok := provider.(*application.Provider)
			if !ok {
				continue
			}
			desk, ok := applications.Gate.(*promotion.Desk)
			if !ok {
				return nil, errors.New("the gate of the product is another one")
			}
			desk.UID = uidIn(desk)
			for _, change := range changes {
				change(desk)
			}
		}
		return parts, nil
	}
	return product
}

func uidIn(desk *promotion.Desk) func(v1alpha1.ApplicationDestination) types.UID {
	return func(to v1alpha1.ApplicationDestination) types.UID {
		clusters, err := desk.Clusters.List(labels.Everything())
		if err != nil {
			return ""
		}
		for _, known := range clusters {
			if known.Spec.Server == to.Server {
				return known.Status.UID
			}
		}
		return ""
	}
}

// gated is an Application "web" behind a policy, with a Plan that waits.
type gated struct {
	*world
	namespace string
	policy    *capstanv1alpha1.PromotionPolicy
	plan      *capstanv1alpha1.Plan
}

// label is what the policies of the attacks choose by, besides the project.
const label = "example.com/careful"

// gate makes an Application in a project of its own, on a cluster of the tier staging, and a policy that chooses it.
func (w *world) gate(t *testing.T, change func(*capstanv1alpha1.PromotionPolicySpec)) *gated {
	t.Helper()
	g := &gated{world: w, namespace: newNamespace()}
	spec := capstanv1alpha1.PromotionPolicySpec{Selectors: []capstanv1alpha1.GateSelector{{
		Tiers: []string{"staging"}, Projects: []string{g.namespace},
		Labels: &metav1.LabelSelector{MatchLabels: map[string]string{label: "yes"}},
	}}}
	if change != nil {
		change(&spec)
	}
	w.cluster(t, g.namespace, types.UID(g.namespace), "staging")
	var err error
	g.policy, err = w.as(t, mallory).CapstanV1alpha1().PromotionPolicies().Create(t.Context(),
		&capstanv1alpha1.PromotionPolicy{ObjectMeta: metav1.ObjectMeta{Name: g.namespace}, Spec: spec}, metav1.CreateOptions{})
	must(t, err)
	g.create(t)
	g.plan = g.propose(t, nil)
	eventually(t, func() bool {
		_, err := g.apps(t, lead).Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, dry())
		return reasonOf(err) == gate.ReasonApprovalRequired
	})
	return g
}

func dry() metav1.CreateOptions { return metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}} }

// cluster registers a cluster under https://NAME.example.
func (w *world) cluster(t *testing.T, name string, uid types.UID, tier string) {
	t.Helper()
	clusters := clientOf(t, w.Config).CapstanV1alpha1().Clusters()
	made, err := clusters.Create(t.Context(), &capstanv1alpha1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       capstanv1alpha1.ClusterSpec{Server: "https://" + name + ".example", Tier: tier},
	}, metav1.CreateOptions{})
	must(t, err)
	made.Status.UID = uid
	_, err = clusters.UpdateStatus(t.Context(), made, metav1.UpdateOptions{})
	must(t, err)
}

func (g *gated) create(t *testing.T) {
	t.Helper()
	app := newApplication("web")
	app.Labels = map[string]string{label: "yes"}
	app.Spec.Project, app.Spec.Destination.Server = g.namespace, "https://"+g.namespace+".example"
	create(t, g.apps(t, admin), app)
}

func (g *gated) apps(t *testing.T, user string) argoclient.ApplicationInterface {
	t.Helper()
	return g.applications(t, user, g.namespace)
}

// propose makes the newest Plan, as the planner does.
func (g *gated) propose(t *testing.T, change func(*capstanv1alpha1.PlanSpec)) *capstanv1alpha1.Plan {
	t.Helper()
	app := get(t, g.apps(t, admin))
	spec := capstanv1alpha1.PlanSpec{
		Number: 1, Kind: capstanv1alpha1.PlanSync, Manifests: "sha256:00",
		Application: capstanv1alpha1.PlanApplication{Name: "web", UID: app.UID, Spec: gate.SpecDigest(app.Spec)},
		Destination: capstanv1alpha1.SyncRunDestination{Server: app.Spec.Destination.Server, UID: types.UID(g.namespace)},
		Requester:   capstanv1alpha1.SyncRunRequester{Username: requester},
		Authors:     []capstanv1alpha1.PlanAuthor{{Name: "Somebody", Email: "somebody@example.com"}, {Name: carol}},
	}
	if change != nil {
		change(&spec)
	}
	plan := &capstanv1alpha1.Plan{Digest: gate.PlanDigest(spec), Spec: spec}
	plan.Name = "web-" + plan.Digest[len("sha256:"):][:10]
	made, err := clientOf(t, g.Config).CapstanV1alpha1().Plans(g.namespace).Create(t.Context(), plan, metav1.CreateOptions{})
	must(t, err)
	return made
}

// approve approves the Plan as somebody.
func (g *gated) approve(t *testing.T, user string, options metav1.CreateOptions) (*v1alpha1.ApplicationApproval, error) {
	t.Helper()
	return g.apps(t, user).Approve(t.Context(), "web", &v1alpha1.ApplicationApproval{PlanDigest: g.plan.Digest}, options)
}

func (g *gated) approved(t *testing.T, users ...string) {
	t.Helper()
	for _, user := range users {
		_, err := g.approve(t, user, metav1.CreateOptions{})
		must(t, err)
	}
}

func (g *gated) sync(t *testing.T) error {
	t.Helper()
	_, err := g.apps(t, lead).Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, metav1.CreateOptions{})
	return err
}

// reasonOf is the stable reason of a refusal.
func reasonOf(err error) gate.Reason {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return ""
	}
	return gate.Reason(status.Status().Details.Causes[0].Type)
}

// traces are all that an attempt could have changed.
type traces struct {
	Apps      []v1alpha1.Application
	Plans     []capstanv1alpha1.Plan
	Approvals []capstanv1alpha1.Approval
	Policy    *capstanv1alpha1.PromotionPolicy
}

func (g *gated) traces(t *testing.T) traces {
	t.Helper()
	own := clientOf(t, g.Config)
	apps, err := own.ArgoprojV1alpha1().Applications(g.namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	plans, err := own.CapstanV1alpha1().Plans(g.namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	approvals, err := own.CapstanV1alpha1().Approvals(g.namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	policy, err := own.CapstanV1alpha1().PromotionPolicies().Get(t.Context(), g.policy.Name, metav1.GetOptions{})
	must(t, err)
	return traces{apps.Items, plans.Items, approvals.Items, policy}
}

// stopped requires that an attempt is refused with a code and a reason, and that it leaves no trace.
func (g *gated) stopped(t *testing.T, what string, code int, reason gate.Reason, attempt func() error) {
	t.Helper()
	before := g.traces(t)
	err := attempt()
	if err == nil {
		t.Errorf("%s passes", what)
	} else {
		refused(t, err, code)
		if got := reasonOf(err); got != reason {
			t.Errorf("%s: the reason is %q, not %q: %v", what, got, reason, err)
		}
	}
	if diff := cmp.Diff(before, g.traces(t)); diff != "" {
		t.Errorf("%s left a trace:\n%s", what, diff)
	}
}

// ways are all ways to write a part of the Application through the main resource, as a user.
func (g *gated) ways(t *testing.T, user, field, value string) map[string]func() error {
	t.Helper()
	apps := g.apps(t, user)
	patch := func(kind types.PatchType, text string) func() error {
		return func() error {
			options := metav1.PatchOptions{}
			if kind == types.ApplyPatchType {
				force := true
				options = metav1.PatchOptions{FieldManager: "attack", Force: &force}
			}
			_, err := apps.Patch(t.Context(), "web", kind, []byte(text), options)
			return err
		}
	}
	head := `"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"name":"web"}`
	return map[string]func() error{
		"a merge patch":           patch(types.MergePatchType, `{"`+field+`":`+value+`}`),
		"a strategic merge patch": patch(types.StrategicMergePatchType, `{"`+field+`":`+value+`}`),
		"a JSON patch":            patch(types.JSONPatchType, `[{"op":"add","path":"/`+field+`","value":`+value+`}]`),
		"server-side apply":       patch(types.ApplyPatchType, `{`+head+`,"`+field+`":`+value+`}`),
	}
}

// warnings are those that a client heard.
type warnings struct{ texts []string }

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }

func (w *warnings) say(part string) bool {
	return slices.ContainsFunc(w.texts, func(text string) bool { return strings.Contains(text, part) })
}
