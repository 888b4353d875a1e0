#!/usr/bin/env bash
# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Generates deep copies, OpenAPI and the client from pkg/apis.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
module=github.com/capstan-dev/capstan
apis=(./pkg/apis/argoproj/v1alpha1 ./pkg/apis/capstan/v1alpha1)
generated=pkg/generated
bin="$PWD/_output/codegen"
header=(--go-header-file hack/boilerplate.go.txt)

mkdir -p "$bin"
(cd hack/tools && go build -o "$bin/" tool)

rm -rf "$generated"
find pkg/apis -name 'zz_generated.*.go' -delete
mkdir -p "$generated"

"$bin/deepcopy-gen" "${header[@]}" --output-file zz_generated.deepcopy.go "${apis[@]}"

foreign=(
  k8s.io/apimachinery/pkg/{api/resource,apis/meta/v1,runtime,types,util/intstr,version}
  k8s.io/api/{autoscaling/v1,batch/v1,core/v1,scheduling/v1alpha3}
)
"$bin/openapi-gen" "${header[@]}" --output-file zz_generated.openapi.go \
  --output-model-name-file zz_generated.model_name.go --report-filename _output/codegen/api-rules.txt \
  --output-dir "$generated/openapi" --output-pkg "$module/$generated/openapi" \
  "${foreign[@]/#/--readonly-pkg=}" "${foreign[@]}" "${apis[@]}"

# applyconfiguration-gen knows models by their import path alone, the server by their model name.
import_path=com.github.capstan-dev.capstan.pkg.apis
go run ./hack/models-schema | sed -e "s/io\.argoproj\.v1alpha1/$import_path.argoproj.v1alpha1/g" \
  -e "s/dev\.capstan\.v1alpha1/$import_path.capstan.v1alpha1/g" >"$bin/models.json"
"$bin/applyconfiguration-gen" "${header[@]}" --openapi-schema "$bin/models.json" \
  --output-dir "$generated/applyconfiguration" --output-pkg "$module/$generated/applyconfiguration" "${apis[@]}"
find "$generated/applyconfiguration" -name '*.go' -exec sed -i \
  -e "s/$import_path\.argoproj\.v1alpha1/io.argoproj.v1alpha1/g" \
  -e "s/$import_path\.capstan\.v1alpha1/dev.capstan.v1alpha1/g" {} +

# What client-gen cannot express is written by hand, and has to be there before it runs.
typed="$generated/clientset/versioned/typed/argoproj/v1alpha1"
mkdir -p "$typed/fake"
cp hack/expansions/application_expansion.go.txt "$typed/application_expansion.go"
cp hack/expansions/fake/fake_application_expansion.go.txt "$typed/fake/fake_application_expansion.go"

"$bin/client-gen" "${header[@]}" --clientset-name versioned --input-base "$PWD/pkg/apis" \
  --input argoproj/v1alpha1 --input capstan/v1alpha1 \
  --apply-configuration-package "$module/$generated/applyconfiguration" \
  --output-dir "$generated/clientset" --output-pkg "$module/$generated/clientset"
"$bin/lister-gen" "${header[@]}" \
  --output-dir "$generated/listers" --output-pkg "$module/$generated/listers" "${apis[@]}"
"$bin/informer-gen" "${header[@]}" --versioned-clientset-package "$module/$generated/clientset/versioned" \
  --listers-package "$module/$generated/listers" \
  --output-dir "$generated/informers" --output-pkg "$module/$generated/informers" "${apis[@]}"
