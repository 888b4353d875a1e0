#!/usr/bin/env bash
# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Fails where the generated code is not what hack/update-codegen.sh makes of pkg/apis.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
generated=(pkg/generated ':(glob)pkg/apis/**/zz_generated.*.go')

hack/update-codegen.sh
changed="$(git status --porcelain --untracked-files=all -- "${generated[@]}")"
if [[ -n "$changed" ]]; then
  git --no-pager diff -- "${generated[@]}"
  printf 'generated code is out of date; run hack/update-codegen.sh and commit:\n%s\n' "$changed" >&2
  exit 1
fi
