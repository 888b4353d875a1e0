// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"io"
	"mime"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/request"
	"sigs.k8s.io/yaml"
)

// applied settles what is written by server-side apply, which reaches no serializer of ours.
type applied struct {
	scheme *runtime.Scheme
	shapes shapes
	// limit is the length of the longest body; to refuse one that is longer is the handler's.
	limit  int64
	refuse refusal
}

// before hands a configuration on to the next handler once it is settled.
func (a applied) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		info, ok := request.RequestInfoFrom(req.Context())
		if !ok || info.Verb != "patch" || info.APIGroup != argoGroup || !isApply(req) {
			next.ServeHTTP(w, req)
			return
		}
		text, err := io.ReadAll(io.LimitReader(req.Body, a.limit+1))
		if err == nil && int64(len(text)) <= a.limit {
			text, err = a.settle(text)
		}
		if err != nil {
			a.refuse(w, req, apierrors.NewBadRequest("read the configuration to apply: "+err.Error()))
			return
		}
		req.Body = readCloser{io.MultiReader(bytes.NewReader(text), req.Body), req.Body}
		next.ServeHTTP(w, req)
	})
}

func (a applied) settle(text []byte) ([]byte, error) {
	body, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	settled, differs, err := settle(body, a.shapeNamedBy(body), true)
	if !differs {
		settled = text
	}
	return settled, err
}

// shapeNamedBy returns the shape of the kind that a configuration names; the handler refuses one that is not the
// resource's.
func (a applied) shapeNamedBy(body []byte) *shape {
	kind, err := json.DefaultMetaFactory.Interpret(body)
	if err != nil {
		return nil
	}
	object, err := a.scheme.New(*kind)
	if err != nil {
		return nil
	}
	return a.shapes.of(object)
}

func isApply(req *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	return err == nil && mediaType == string(types.ApplyYAMLPatchType)
}

type readCloser struct {
	io.Reader
	io.Closer
}
