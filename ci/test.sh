#!/usr/bin/env bash
# Runs the scenario tests of policy sets, those beside a policy file that is named; without any there is a notice.
#
#   POLICYLANG_PATHS     paths, one a line; empty: as for `policylang test` without paths
#   GITHUB_STEP_SUMMARY  the file that takes the last line
#
# Exit codes: 0 all passed, 1 some failed, 2 something could not be run.
set -euo pipefail

paths=()
while IFS= read -r path; do
  if [ -z "$path" ]; then continue; fi
  if [ -d "$path" ]; then paths+=("$path"); else paths+=("$(dirname -- "$path")"); fi
done <<< "${POLICYLANG_PATHS:-}"

code=0
report=$(policylang test -- ${paths[@]+"${paths[@]}"} 2>&1) || code=$?
printf '%s\n' "$report"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  printf '\n## policylang test\n\n' >> "$GITHUB_STEP_SUMMARY"
  printf '%s\n' "$report" | tail -n 1 >> "$GITHUB_STEP_SUMMARY"
fi
exit "$code"
