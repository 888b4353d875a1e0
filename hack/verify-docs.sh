#!/usr/bin/env bash
# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Fails where a document links to a file that is not there, or names one in backquotes that is gone.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
missing=0
complain() {
  printf '%s: %s is not there\n' "$1" "$2" >&2
  missing=1
}
while IFS= read -r page; do
  while IFS= read -r link; do
    [[ "$link" == http* || "$link" == \#* ]] || [[ -e "$(dirname "$page")/${link%%#*}" ]] || complain "$page" "$link"
  done < <(grep -oP '\]\(\K[^)\s]+' "$page" || true)
  while IFS= read -r path; do
    [[ -e "$path" ]] || complain "$page" "$path"
  done < <(grep -oP '`\K(pkg|cmd|hack|test|artifacts|docs)/[\w./-]+(?=`)' "$page" || true)
done < <(find . -name '*.md' -not -path './_output/*' -not -path './.git/*')
exit "$missing"
