// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"

	"github.com/capstan-dev/capstan/pkg/promotion"
)

// StoreGuard knows whether the store may be served.
type StoreGuard interface {
	// Refusal is the Status that answers every resource request for now; nil when the store is served.
	Refusal() error
	// Wrote notes that a request may have changed the store.
	Wrote()
}

type refusal func(w http.ResponseWriter, req *http.Request, err error)

// handlerChain puts our filters behind the generic ones, so that a refusal is authorized, audited and measured.
func handlerChain(
	groups sets.Set[string], guard StoreGuard, scheme *runtime.Scheme, shapes shapes,
) func(http.Handler, *genericapiserver.Config) http.Handler {
	return func(handler http.Handler, c *genericapiserver.Config) http.Handler {
		refuse := func(w http.ResponseWriter, req *http.Request, err error) {
			responsewriters.RespondWithError(w, req, err, c.Serializer)
		}
		handler = withoutStrategicMerge(withRehearsal(handler), refuse)
		handler = applied{scheme, shapes, c.MaxRequestBodyBytes, refuse}.before(handler)
		if guard != nil {
			handler = withStoreGuard(handler, groups, guard, refuse)
		}
		handler = genericapiserver.DefaultBuildHandlerChain(handler, c)
		return withOwn(handler, c.LoopbackClientConfig.BearerToken)
	}
}

// withStoreGuard lets discovery, health and every other group pass.
func withStoreGuard(next http.Handler, groups sets.Set[string], guard StoreGuard, refuse refusal) http.Handler {
	reads := sets.New("get", "list", "watch")
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		info, ok := request.RequestInfoFrom(req.Context())
		if !ok || !info.IsResourceRequest || !groups.Has(info.APIGroup) {
			next.ServeHTTP(w, req)
			return
		}
		if err := guard.Refusal(); err != nil {
			refuse(w, req, err)
			return
		}
		next.ServeHTTP(w, req)
		if !reads.Has(info.Verb) {
			guard.Wrote()
		}
	})
}

// withRehearsal marks dry runs. A deletion may say that it is one in its body, where its storage and admission see it.
func withRehearsal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Query().Has("dryRun") {
			req = req.WithContext(promotion.Rehearsed(req.Context()))
		}
		next.ServeHTTP(w, req)
	})
}
