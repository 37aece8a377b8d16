#!/usr/bin/env bash
# Makes bench/.venv, the Python that bench/run.sh and the scripts in testdata
# use. Needs Python 3.11 or later, and a C++ compiler for LIBLINEAR.
set -euo pipefail
cd "$(dirname "$0")"

python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
.venv/bin/python -c 'import liblinear, pandas, sklearn; print("scikit-learn", sklearn.__version__, "is ready")'
