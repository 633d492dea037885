#!/usr/bin/env bash
# Checks policy sets: annotations on standard output, the findings in the job's summary and in a SARIF file.
#
#   POLICYLANG_PATHS       paths, one a line; empty: as for `policylang check` without paths
#   POLICYLANG_FAIL_LEVEL  the mildest findings that fail: error, warning, info
#   POLICYLANG_SARIF       the SARIF file to write; empty: none
#   GITHUB_STEP_SUMMARY    the file that takes the summary
#
# Exit codes: 0 clean, 1 findings, 2 something could not be read.
set -euo pipefail

paths=()
while IFS= read -r path; do
  if [ -n "$path" ]; then paths+=("$path"); fi
done <<< "${POLICYLANG_PATHS:-}"
level=${POLICYLANG_FAIL_LEVEL:-warning}
sarif=${POLICYLANG_SARIF:-}
now=$(date -u +%Y-%m-%dT%H:%M:%SZ) # the same for both runs

check() {
  policylang check --now "$now" --fail-level "$level" "$@" -- ${paths[@]+"${paths[@]}"}
}

code=0
check --format github || code=$?
if [ -n "$sarif" ]; then
  check --format sarif --output "$sarif" || code=$? # not by the shell, which would follow a link out of the checkout
fi
exit "$code"
