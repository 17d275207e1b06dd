#!/usr/bin/env bash
# Runs the long forms of the soaks: three nodes on one PostgreSQL under 200
# callers, a server killed a thousand times in the middle of renewals, and the
# rest of what docs/reliability.md reports. ./test.sh runs the same tests in
# their short form. Needs what ./test.sh installs.
#
#   ./soak.sh [TIME [KILLS]]     default: 10m 1000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export VALETKEY_SOAK_TIME=${1:-10m} VALETKEY_SOAK_ROUNDS=${2:-1000}
go test -count=1 -timeout 3h -v -run '^(TestR02_K11_|TestK11_|TestSoak)' ./e2e
