#!/usr/bin/env bash
# Every check and every test:  bash scripts/test.sh
# Sets up what they need, Debian's Chromium included. Without a browser it fails, unless EXPLORER_SKIP_BROWSER=1.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
. scripts/environment.sh
environment test
bin=$PWD/.venv/bin

skipped=${EXPLORER_SKIP_BROWSER:-}
if [ "$skipped" != 1 ] && ! command -v chromium > /dev/null; then
    echo "installing Chromium ..." >&2
    sudo=$([ "$(id -u)" = 0 ] || command -v sudo || true)
    if ! { $sudo apt-get update -qq && $sudo apt-get install -qq -y --no-install-recommends chromium; } > /dev/null; then
        echo "No chromium, and it cannot be installed here: install it, or set EXPLORER_SKIP_BROWSER=1." >&2
        exit 1
    fi
fi

"$bin/ruff" check .
"$bin/ruff" format --check --quiet .
"$bin/mypy"
mkdir -p build
"$bin/lint-imports" --no-cache > build/lint-imports.txt 2>&1 || { cat build/lint-imports.txt; exit 1; }

# The tests run against the wheel that users get, not against the folder: what is not packed is missed.
rm -rf build/wheel build/lib build/site
"$bin/python" -m build --quiet --wheel --outdir build/wheel .
"$bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --target build/site build/wheel/*.whl
rm -f .coverage .coverage.*
PYTHONPATH=$PWD/build/site EXPLORER_UNDER_TEST=$PWD/build/site \
    "$bin/python" -P -m pytest --numprocesses 2 --dist loadgroup --cov --cov-report= "$@"
"$bin/coverage" report --fail-under 95

if [ "$skipped" = 1 ]; then
    echo "All checks passed, but the browser tests were SKIPPED (EXPLORER_SKIP_BROWSER=1)."
else
    echo "All checks and tests passed."
fi
