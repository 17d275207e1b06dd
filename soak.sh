#!/usr/bin/env bash
# Runs the long forms of the soaks: three nodes on one PostgreSQL under 200
# callers, a server killed a thousand times in the middle of renewals, clocks
# that jump, a full disk, a database restarted 50 times, a server that stands
# still in the middle of renewals: what docs/reliability.md reports. ./test.sh runs the same tests in
# their short form. Needs what ./test.sh installs.
#
#   ./soak.sh [TIME [KILLS]]     default: 10m 1000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export VALETKEY_SOAK_TIME=${1:-10m} VALETKEY_SOAK_ROUNDS=${2:-1000}
go test -count=1 -timeout 3h -v -run '^Test(R02_K11|R03|T02|K07|K10|K11|K12)_' ./e2e
