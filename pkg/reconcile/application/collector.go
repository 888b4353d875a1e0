// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/source"
)

// Collector shows every Application as metrics, from the cache and at the moment of the
// scrape: nothing has to be kept up to date. Names and labels are those of Argo CD;
// argocd_app_sync_status and argocd_app_health_status, which it dropped in 3.0, show every
// state as 0 or 1, so that a series keeps its identity when the state flips.
type Collector struct {
	applications cache.Indexer
	info         *prometheus.Desc
	sync         *prometheus.Desc
	health       *prometheus.Desc
	condition    *prometheus.Desc
	created      *prometheus.Desc
	allowance    *prometheus.Desc
	lag          *prometheus.Desc
	drift        *prometheus.Desc
	pending      *prometheus.Desc
	active       *prometheus.Desc
	unreviewed   *prometheus.Desc
	clock        clock.PassiveClock
}

// labelSyncSLA on an Application says how long it may be OutOfSync before the alert fires, as
// a Go duration such as 30m or 2h.
const labelSyncSLA = "capstan.dev/sync-sla"

var _ prometheus.Collector = &Collector{}

// NewCollector returns a Collector of the Applications of an indexer.
func NewCollector(applications cache.Indexer, now clock.PassiveClock) *Collector {
	described := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"namespace", "name", "project"}, labels...), nil)
	}
	return &Collector{
		applications: applications, clock: now,
		info: described("argocd_app_info", "An Application and its state; always 1.", "autosync_enabled", "repo",
			"dest_server", "dest_namespace", "sync_status", "health_status", "operation"),
		sync:      described("argocd_app_sync_status", "1 for the sync status of the Application.", "sync_status"),
		health:    described("argocd_app_health_status", "1 for the health status of the Application.", "health_status"),
		condition: described("argocd_app_condition", "How many conditions of a type the Application has.", "condition"),
		created:   described("argocd_app_created_time", "When the Application was created, in seconds since 1970."),
		allowance: described("capstan_app_sync_sla_seconds",
			"How long the Application may be OutOfSync, in seconds, where its label "+labelSyncSLA+" says so."),
		lag: described("capstan_app_lag_since_timestamp_seconds",
			"Since when the source of a gated Application wants something else than what is deployed.", "reason"),
		drift: described("capstan_app_drift_since_timestamp_seconds",
			"Since when the destination of a gated Application holds something else than what is deployed."),
		pending: described("capstan_gate_pending_since_timestamp_seconds",
			"Since when a gated Application lags that awaits approval."),
		active: described("capstan_gate_breakglass_active",
			"How many grants to break the gate of the Application have not ended yet."),
		unreviewed: described("capstan_gate_breakglass_unreviewed",
			"How often the gate of the Application was broken and nobody else has reviewed it, in time or overdue.", "overdue"),
	}
}

// Describe sends the descriptions.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{
		c.info, c.sync, c.health, c.condition, c.created, c.allowance, c.lag, c.drift, c.pending,
		c.active, c.unreviewed,
	} {
		out <- description
	}
}

// Collect sends the metrics of every Application.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	for _, object := range c.applications.List() {
		if app, isApplication := object.(*v1alpha1.Application); isApplication {
			c.collect(out, app)
		}
	}
}

func (c *Collector) collect(out chan<- prometheus.Metric, app *v1alpha1.Application) {
	gauge := func(description *prometheus.Desc, value float64, labels ...string) {
		labels = append([]string{app.Namespace, app.Name, projectName(app)}, labels...)
		out <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value, labels...)
	}
	synced := cmp.Or(app.Status.Sync.Status, v1alpha1.SyncStatusCodeUnknown)
	healthy := cmp.Or(app.Status.Health.Status, v1alpha1.HealthStatusUnknown)
	gauge(c.info, 1, strconv.FormatBool(automated(policyOf(app))), source.Normalize(sourceValue(app.Spec.Source).RepoURL),
		cmp.Or(app.Spec.Destination.Server, app.Spec.Destination.Name), app.Spec.Destination.Namespace,
		string(synced), string(healthy), operationOf(app))
	for _, state := range []v1alpha1.SyncStatusCode{
		v1alpha1.SyncStatusCodeSynced, v1alpha1.SyncStatusCodeOutOfSync, v1alpha1.SyncStatusCodeUnknown,
	} {
		gauge(c.sync, indicator(state == synced), string(state))
	}
	for _, state := range []v1alpha1.HealthStatusCode{
		v1alpha1.HealthStatusUnknown, v1alpha1.HealthStatusProgressing, v1alpha1.HealthStatusSuspended,
		v1alpha1.HealthStatusHealthy, v1alpha1.HealthStatusDegraded, v1alpha1.HealthStatusMissing,
	} {
		gauge(c.health, indicator(state == healthy), string(state))
	}
	counts := map[string]float64{}
	for _, condition := range app.Status.Conditions {
		counts[string(condition.Type)]++
	}
	for kind, count := range counts {
		gauge(c.condition, count, kind)
	}
	gauge(c.created, float64(app.CreationTimestamp.Unix()))
	if allowed, err := time.ParseDuration(app.Labels[labelSyncSLA]); err == nil && allowed > 0 {
		gauge(c.allowance, allowed.Seconds())
	}
	if app.Status.Gate != nil {
		c.collectGate(gauge, *app.Status.Gate)
	}
}

// collectGate shows how a gated Application stands: what does not last has no series.
func (c *Collector) collectGate(gauge func(*prometheus.Desc, float64, ...string), standing v1alpha1.ApplicationGate) {
	if since := standing.LagSince; since != nil {
		gauge(c.lag, float64(since.Unix()), string(standing.State))
		if standing.State == v1alpha1.GateAwaitingApproval {
			gauge(c.pending, float64(since.Unix()))
		}
	}
	if since := standing.DriftSince; since != nil {
		gauge(c.drift, float64(since.Unix()))
	}
	c.collectEmergencies(gauge, standing.Emergencies)
}

func (c *Collector) collectEmergencies(
	gauge func(*prometheus.Desc, float64, ...string), emergencies []v1alpha1.GateEmergency,
) {
	var active float64
	unreviewed := map[bool]float64{}
	now := c.clock.Now()
	for _, emergency := range emergencies {
		if now.Before(emergency.Until.Time) {
			active++
		}
		if emergency.ReviewBy != nil {
			unreviewed[gate.Overdue(emergency, now)]++
		}
	}
	if active > 0 {
		gauge(c.active, active)
	}
	for overdue, count := range unreviewed {
		gauge(c.unreviewed, count, strconv.FormatBool(overdue))
	}
}

// operationOf says what is going on: "sync", "delete" or nothing.
func operationOf(app *v1alpha1.Application) string {
	switch {
	case app.DeletionTimestamp != nil:
		return "delete"
	case app.Operation != nil:
		return "sync"
	default:
		return ""
	}
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
