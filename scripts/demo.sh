#!/usr/bin/env bash
# From a fresh machine to five similar papers and a map:  bash scripts/demo.sh [INPUT] [OPTIONS of explorer demo]
# Without INPUT it takes the shipped sample of invented papers.
set -euo pipefail

# INPUT is relative to where the caller stands.
arguments=()
for argument in "$@"; do
    [ -e "$argument" ] && argument=$(cd "$(dirname "$argument")" && pwd)/$(basename "$argument")
    arguments+=("$argument")
done

cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
. scripts/environment.sh
environment offline
exec .venv/bin/explorer demo ${arguments[@]+"${arguments[@]}"}
