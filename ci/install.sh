#!/usr/bin/env bash
# Installs policylang into an environment of its own and puts it on the path of the job's next steps.
#
#   POLICYLANG_VERSION  a released version; empty: the copy that this script belongs to
#   POLICYLANG_PYTHON   the Python to use; empty: python3
#   RUNNER_TEMP         where the environment goes
#   GITHUB_PATH         the file that takes folders of the path
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
version=${POLICYLANG_VERSION:-}
environment=$RUNNER_TEMP/policylang

if [ -z "$version" ]; then
  install=(--constraint "$here/constraints.txt" "$here")
elif [[ $version =~ ^[0-9][0-9A-Za-z.+!]*$ ]]; then
  install=("policylang==$version")
else
  echo "error: the version is not one such as 0.1.0" >&2
  exit 2
fi
"${POLICYLANG_PYTHON:-python3}" -m venv --clear "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check "${install[@]}"
echo "$environment/bin" >> "$GITHUB_PATH"
