#!/usr/bin/env bash
# Says which logged decisions the policies would make otherwise. That fails nothing: it is for who reviews the change.
#
#   POLICYLANG_REPLAY_LOG  file with decisions; empty: there is none
#   POLICYLANG_PATHS       paths, one a line, the first is decided by; empty: the folder policies
#   GITHUB_STEP_SUMMARY    the file that takes the line
#
# Exit codes: 0 it was told, 2 it could not be decided.
set -euo pipefail

if [ -z "${POLICYLANG_REPLAY_LOG:-}" ]; then
  echo "no log of decisions"
  exit 0
fi
IFS= read -r path <<< "${POLICYLANG_PATHS:-}"

code=0
line=$(policylang replay --format line --against "${path:-policies}" -- "$POLICYLANG_REPLAY_LOG") || code=$?
if [ "$code" -gt 1 ]; then exit "$code"; fi
printf '%s\n' "$line"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  printf '\n## policylang replay\n\n%s\n' "$line" >> "$GITHUB_STEP_SUMMARY"
fi
