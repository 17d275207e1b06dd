#!/usr/bin/env bash
# Measures the built server beside a bare Go HTTP server made on the spot, so
# that the figures are ratios on the same machine, not numbers from another.
#
#   ./bench.sh start [RUNS]   time to the first 200 on /readyz, and resident
#                             memory then; each run has an empty data directory,
#                             and starts a second time on what the first one left
#   ./bench.sh proxy [TIME [ROUNDS]]
#                             calls straight to an API, and through nginx, the
#                             standard library's proxy and Valetkey, side by
#                             side at 1 to 256 connections, plain and over TLS,
#                             then what each adds to a call at a steady rate;
#                             medians of ROUNDS (5) turns of TIME (400ms) each
#   ./bench.sh apply [CONNECTIONS]
#                             a manifest of 10,000 connections applied to an
#                             empty database, again, and changed, in process
#   ./bench.sh scale [CONNECTIONS]
#                             a database of 1,000,000 connections, SQLite and
#                             PostgreSQL: disk, start, memory, token reads, lists
#   ./bench.sh pages [CONNECTIONS]
#                             every page of an operator at 100,000 connections:
#                             the time of an answer and its size
#   ./bench.sh sweep [CONNECTIONS]
#                             100,000 tokens that expire within a minute: how
#                             long until the server has renewed them all
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() { printf 'usage: ./bench.sh start [RUNS] | proxy [TIME [ROUNDS]] | apply|scale|pages|sweep [CONNECTIONS]\n' >&2; exit 2; }
die() { printf 'error: %s\n' "$1" >&2; exit 1; }

if [ "${1:-}" = proxy ]; then
	if ! command -v nginx >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
		env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light >/dev/null || true
	fi
	command -v nginx >/dev/null || printf 'nginx is not here: it is left out\n' >&2
	export VALETKEY_BENCH_TIME="${2:-400ms}" VALETKEY_BENCH_ROUNDS="${3:-5}"
	exec go test -run '^$' -bench '^BenchmarkProxy$' -benchtime 1x -timeout 60m ./e2e
fi
if [ "${1:-}" = scale ]; then
	export VALETKEY_BENCH_CONNECTIONS="${2:-1000000}"
	exec go test -run '^$' -bench '^BenchmarkScale$' -benchtime 1x -timeout 3h ./e2e
fi
if [ "${1:-}" = pages ]; then
	export VALETKEY_BENCH_CONNECTIONS="${2:-100000}"
	exec go test -run '^$' -bench '^BenchmarkPages$' -benchtime 1x -timeout 1h ./e2e
fi
if [ "${1:-}" = sweep ]; then
	export VALETKEY_BENCH_CONNECTIONS="${2:-100000}"
	exec go test -run '^$' -bench '^BenchmarkSweep$' -benchtime 1x -timeout 3h ./e2e
fi
if [ "${1:-}" = apply ]; then
	count=${2:-10000}
	[[ $count =~ ^[1-9][0-9]*$ ]] || usage
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	CGO_ENABLED=0 go build -trimpath -o "$work/valetkey" ./cmd/valetkey
	{
		printf 'providers: {contoso: {token_endpoint: https://login.contoso.example/token, authorization_endpoint: https://login.contoso.example/authorize}}\n'
		printf 'clients: {app: {provider: contoso, client_id: a}}\nconnections:\n'
		seq -f '  c%.0f: {client: app, scopes: [mail.read, offline_access], tags: {team: north}}' "$count"
	} >"$work/north.yaml"
	sed s/north/south/ "$work/north.yaml" >"$work/south.yaml"
	TIMEFORMAT='%R s'
	for step in "created:north" "unchanged:north" "all changed:south"; do
		printf '%s connections, %s: ' "$count" "${step%%:*}"
		time "$work/valetkey" apply -f "$work/${step##*:}.yaml" --data "$work/data" >/dev/null
	done
	exit
fi
if [ "${1:-}" = import ]; then
	megabytes=${2:-48}
	[[ $megabytes =~ ^[1-9][0-9]?$ ]] || usage
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	CGO_ENABLED=0 go build -trimpath -o "$work/valetkey" ./cmd/valetkey
	padding=$(printf 'x%.0s' $(seq 860))
	# About a kilobyte an entry, and as many as it takes.
	entries() { seq -f "$1" "$((megabytes * 1000))"; }
	{
		printf '{"openapi":"3.0.3","info":{"title":"Contoso","version":"1"},"servers":[{"url":"https://api.contoso.example"}],'
		printf '"components":{"securitySchemes":{"o":{"type":"oauth2","flows":{"clientCredentials":{"tokenUrl":"https://login.contoso.example/token","scopes":{}}}}}},"paths":{"/":{}'
		entries ',"/things/%.0f":{"get":{"description":"'"$padding"'","responses":{"200":{"description":"ok"}}}}'
		printf '}}'
	} >"$work/openapi.json"
	{
		printf '{"info":{"name":"Contoso","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},'
		printf '"auth":{"type":"oauth2","oauth2":[{"key":"accessTokenUrl","value":"https://login.contoso.example/token"},{"key":"clientId","value":"a"}]},"item":[{"name":"first"}'
		entries ',{"name":"r","request":{"method":"POST","url":{"raw":"https://api.contoso.example/things/%.0f"},"body":{"mode":"raw","raw":"'"$padding"'"}}}'
		printf ']}'
	} >"$work/postman.json"
	{
		printf 'name,client_id,token_url,access_token,refresh_token\n'
		entries "mail%.0f,app,https://login.contoso.example/token,$padding,rt"
	} >"$work/tokens.csv"
	TIMEFORMAT='%R s'
	for kind in openapi.json postman.json tokens.csv; do
		printf '%s, %s MB: ' "$kind" "$(($(stat -c %s "$work/$kind") / 1000000))"
		time "$work/valetkey" import "${kind%.*}" "$work/$kind" --dry-run --data "$work/data" -o json >"$work/plan" 2>&1 || die "$(tail -n 2 "$work/plan")"
	done
	exit
fi
[ "${1:-}" = start ] || usage
runs=${2:-11}
[[ $runs =~ ^[1-9][0-9]*$ ]] || usage
[ -r /proc/self/status ] || die "memory is read from /proc: run this on Linux"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() {
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$work/valetkey" ./cmd/valetkey
	mkdir "$work/bare"
	cat >"$work/bare/main.go" <<'GO'
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	panic(http.Serve(listener, nil))
}
GO
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$work/bare-server" "$work/bare/main.go"
	# The prober waits for readiness without the cost of a process per look.
	mkdir "$work/probe"
	cat >"$work/probe/main.go" <<'GO'
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// main starts a server, waits for its first 200 on /readyz, prints
// milliseconds and resident kilobytes, and kills it.
func main() {
	// The server dies with the prober, however that ends.
	runtime.LockOSThread()
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	check(err)
	begin := time.Now()
	check(cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		_, url, found := strings.Cut(lines.Text(), "listening on ")
		if !found {
			continue
		}
		awaitReady(strings.Fields(url)[0] + "/readyz")
		took := time.Since(begin)
		fmt.Printf("%.2f %s\n", float64(took.Microseconds())/1000, residentKB(cmd.Process.Pid))
		return
	}
	fmt.Fprintf(os.Stderr, "%s ended before it was ready:\n%s", os.Args[1], said.String())
	os.Exit(1)
}

func awaitReady(url string) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		res, err := http.Get(url)
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	check(fmt.Errorf("%s did not answer 200", url))
}

func residentKB(pid int) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(err)
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			return strings.Fields(rest)[0]
		}
	}
	return "0"
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
GO
	go build -o "$work/probe-server" "$work/probe/main.go"
}

# median FIELD FILE
median() { awk -v f="$1" '{print $f}' "$2" | sort -n | awk '{v[NR]=$1} END {print NR%2 ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2}'; }

measure_start() {
	local i
	for ((i = 0; i < runs; i++)); do
		# Turn about, so that a busy moment of the machine hits both alike.
		"$work/probe-server" "$work/bare-server" >>"$work/bare.txt"
		"$work/probe-server" "$work/valetkey" serve --listen 127.0.0.1:0 --data "$work/data.$i" >>"$work/valetkey.txt"
		"$work/probe-server" "$work/valetkey" serve --listen 127.0.0.1:0 --data "$work/data.$i" >>"$work/again.txt"
		rm -rf "$work/data.$i"
	done
}

report() {
	local name ms kb bare_ms bare_kb
	bare_ms=$(median 1 "$work/bare.txt")
	bare_kb=$(median 2 "$work/bare.txt")
	printf 'start to ready: medians of %d runs, %s, %s cores, load %s\n' \
		"$runs" "$(go version | cut -d' ' -f3)" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)"
	printf '%-16s %10s %8s %10s %8s\n' server ms ratio 'RSS MiB' ratio
	for name in bare valetkey again; do
		ms=$(median 1 "$work/$name.txt")
		kb=$(median 2 "$work/$name.txt")
		awk -v n="$name" -v ms="$ms" -v kb="$kb" -v bms="$bare_ms" -v bkb="$bare_kb" \
			'BEGIN {printf "%-16s %10.1f %8.1f %10.1f %8.1f\n", n, ms, ms/bms, kb/1024, kb/bkb}'
	done
	printf 'binary: %d KiB\n' "$(($(stat -c %s "$work/valetkey") / 1024))"
}

build
measure_start
report
