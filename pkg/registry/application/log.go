// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Logs reads what the containers of an Application's tree print.
type Logs interface {
	// Log opens the logs that the options choose, and returns what writes them line by line, calls flush after each, and
	// returns when the logs or the context end. It fails with an error of reason NotFound where the tree has no such pod.
	Log(ctx context.Context, app *v1alpha1.Application, options *v1alpha1.ApplicationLogOptions) (
		copy func(ctx context.Context, to io.Writer, flush func()) error, err error)
}

// LogREST streams logs as text: get applications/log. It is named log because a cluster's aggregator lets a stream of
// that name live.
type LogREST struct {
	recorded recorded
	logs     Logs
}

var (
	_ rest.Connecter       = &LogREST{}
	_ rest.StorageMetadata = &LogREST{}
)

// New returns what the resource is known as in discovery.
func (*LogREST) New() runtime.Object { return &v1alpha1.Application{} }

// Destroy does nothing: the store belongs to the main resource.
func (*LogREST) Destroy() {}

// ConnectMethods are those of a read.
func (*LogREST) ConnectMethods() []string { return []string{http.MethodGet} }

// NewConnectOptions returns the empty query.
func (*LogREST) NewConnectOptions() (runtime.Object, bool, string) {
	return &v1alpha1.ApplicationLogOptions{}, false, ""
}

// ProducesMIMETypes is plain text.
func (*LogREST) ProducesMIMETypes(string) []string { return []string{"text/plain"} }

// ProducesObject is text.
func (*LogREST) ProducesObject(string) any { return "" }

// Connect opens the logs, so that what cannot be opened is answered by an error, and returns who writes them.
func (r *LogREST) Connect(
	ctx context.Context, name string, object runtime.Object, _ rest.Responder,
) (http.Handler, error) {
	options := registry.As[*v1alpha1.ApplicationLogOptions](object)
	if options.Problem != "" {
		return nil, apierrors.NewBadRequest(options.Problem)
	}
	app, err := r.recorded.read(ctx, name)
	if err != nil {
		return nil, err
	}
	copyLines, err := r.logs.Log(ctx, app, options)
	if err != nil {
		return nil, refusal(app, err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusOK)
		flusher := http.NewResponseController(w)
		flush := func() {
			// A writer that cannot flush writes later, which is all that can be done about it.
			_ = flusher.Flush()
		}
		flush()
		if err := copyLines(req.Context(), w, flush); err != nil && req.Context().Err() == nil {
			_, _ = io.WriteString(w, "capstan: "+err.Error()+"\n")
		}
	}), nil
}
