#!/usr/bin/env bash
# Makes bench/.venv, the Python that bench/run.sh and the scripts in testdata
# use. Needs Python 3.11 or later, and a C++ compiler for LIBLINEAR and for what
# PyTorch compiles.
#
# PyTorch for the processor alone is smaller by gigabytes, and will do: where your
# index of packages has it (its version ends in +cpu; pytorch.org tells how to
# install it), put it into .venv before you run this.
set -euo pipefail
cd "$(dirname "$0")"

[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
.venv/bin/python -c 'import liblinear, pandas, sklearn, torch; print("scikit-learn", sklearn.__version__, "is ready")'
