#!/usr/bin/env bash
# Says who can do what after the change that they could not do before: as Markdown, for a comment and for the job's
# summary.
#
#   POLICYLANG_BASE      branch or commit that the change goes into; empty: there is nothing to compare with
#   POLICYLANG_PATHS     paths, one a line; empty: as for `policylang diff` without paths
#   POLICYLANG_FAIL_ON   what fails: gained, widened, any; empty: nothing
#   POLICYLANG_ALLOW     file with the changes that are approved; empty: there is none
#   RUNNER_TEMP          where the Markdown file goes
#   GITHUB_OUTPUT        the file that takes the outputs `comment` and `comment-file`
#   GITHUB_STEP_SUMMARY  the file that takes the summary
#
# Exit codes: 0 nothing that fails, 1 something that fails, 2 it could not be compared.
set -euo pipefail

longest_comment=65536      # characters of a comment on GitHub
longest_summary=1048576    # bytes of a step's summary

base=${POLICYLANG_BASE:-}
if [ -z "$base" ]; then
  echo "no base to compare with: this is no pull request"
  exit 0
fi

commit() {
  git rev-parse --quiet --verify --end-of-options "$1^{commit}"
}

old=$(commit "refs/remotes/origin/$base" || commit "$base" || true)
if [ -z "$old" ] && git check-ref-format "refs/heads/$base"; then
  # A checkout of one commit does not have the base.
  git fetch --quiet --no-tags --depth=1 origin "refs/heads/$base" && old=$(commit FETCH_HEAD)
fi
if [ -z "$old" ]; then
  echo "error: the base is no branch and no commit" >&2
  exit 2
fi
# Where the change began; without history to find that in, the base itself, which a merge commit begins at.
old=$(git merge-base "$old" HEAD 2> /dev/null || echo "$old")

options=()
while IFS= read -r path; do
  if [ -n "$path" ]; then options+=("$path"); fi
done <<< "${POLICYLANG_PATHS:-}"
options=(-- "$old..HEAD" ${options[@]+"${options[@]}"})
if [ -n "${POLICYLANG_FAIL_ON:-}" ]; then options=(--fail-on "$POLICYLANG_FAIL_ON" "${options[@]}"); fi
if [ -n "${POLICYLANG_ALLOW:-}" ]; then options=(--allow "$POLICYLANG_ALLOW" "${options[@]}"); fi

file=$RUNNER_TEMP/policylang-diff.md
code=0
policylang diff --format markdown "${options[@]}" > "$file" || code=$?
if [ ! -s "$file" ]; then
  echo "The change could not be compared with its base: the log of the job says why." > "$file"
fi

if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  touch "$GITHUB_STEP_SUMMARY"
  if [ "$(cat "$GITHUB_STEP_SUMMARY" "$file" | wc -c)" -le "$longest_summary" ]; then
    cat "$file" >> "$GITHUB_STEP_SUMMARY"
  else
    echo "the difference is too long for the summary of the job"
  fi
fi
if [ "$(LC_ALL=C.UTF-8 wc -m < "$file")" -gt "$longest_comment" ]; then
  echo "The difference is too long for a comment: see the summary of the job." > "$file"
fi
# The end mark is not to be guessed: what stands in the file comes from the change.
mark=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
{
  echo "comment-file=$file"
  echo "comment<<$mark"
  cat "$file"
  echo
  echo "$mark"
} >> "$GITHUB_OUTPUT"
exit "$code"
