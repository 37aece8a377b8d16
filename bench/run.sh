#!/usr/bin/env bash
# Measures kindred beside other systems, pair by pair in one run, and writes
# docs/benchmarks.md. Options go to the program: bench/run.sh -only lasso
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x bench/.venv/bin/python ] || bash bench/setup.sh
exec go run ./bench "$@"
