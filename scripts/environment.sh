# Sourced by demo.sh and test.sh: the project's own environment in .venv, made once and reused.
# Needs Python 3.11 or newer with pip and venv, nothing else.

# environment EXTRA: make .venv if there is none and install the project with EXTRA, in the versions of constraints.txt.
environment() {
    local extra=$1 python=${PYTHON:-python3} stamp
    stamp=.venv/installed-$extra-$(cat pyproject.toml scripts/constraints.txt | cksum | tr ' ' -)
    # The stamp names what was installed: the same again needs no installation.
    if [ -e "$stamp" ] && [ -x .venv/bin/python ]; then
        return
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "$python is older than Python 3.11: name a newer one, PYTHON=python3.12 bash $0" >&2
        exit 1
    fi
    # A .venv without pip is one whose making failed.
    .venv/bin/python -m pip --version > /dev/null 2>&1 || "$python" -m venv --clear .venv
    echo "installing into .venv (the first time takes a few minutes) ..." >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --constraint scripts/constraints.txt --editable ".[$extra]"
    rm -f .venv/installed-"$extra"-*
    : > "$stamp"
}
