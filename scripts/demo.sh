#!/usr/bin/env bash
# From a fresh machine to five similar papers and a map:  bash scripts/demo.sh [INPUT] [OPTIONS of explorer demo]
# Without INPUT it takes the shipped sample of invented papers. Files are named from where you stand.
set -euo pipefail
project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
(
    cd "$project"
    # shellcheck source=scripts/environment.sh
    . scripts/environment.sh
    environment offline,fast
)
exec "$project/.venv/bin/explorer" demo "$@"
