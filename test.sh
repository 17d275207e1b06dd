#!/usr/bin/env bash
# Runs every check and test of the project from a clean clone, and installs
# what they need: Node packages, a PostgreSQL server, Chromium, the linter.
# Everything of its own goes to .cache/ and node_modules/. The last thing it
# prints is go test's own summary; its exit code is 0 only when every check and
# test passed.
#
# govulncheck is left to the machines that reach its database on the network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly GOLANGCI_VERSION=v2.15.0
readonly CACHE="$PWD/.cache"
readonly OIDC="$PWD/e2e/oidc-provider"
readonly TARGETS="linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64"

step() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\nhint: %s\n' "$1" "$2" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "need root to run: $*" "run ./test.sh as root, install sudo, or run that command yourself"
	fi
}

apt_install() {
	command -v apt-get >/dev/null || die "missing: $*" "install it with your system's package manager, then run ./test.sh again"
	step "apt-get install $*"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

have_postgres() {
	command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

have_chromium() {
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

# go test -race is the one build here that needs cgo, so a C compiler.
install_system_packages() {
	local missing=()
	command -v gcc >/dev/null || missing+=(gcc libc6-dev)
	command -v npm >/dev/null || missing+=(nodejs npm)
	have_postgres || missing+=(postgresql)
	have_chromium || missing+=(chromium)
	command -v nginx >/dev/null || missing+=(nginx-light)
	if [ ${#missing[@]} -gt 0 ]; then apt_install "${missing[@]}"; fi
}

install_node_packages() {
	local want have stamp="$OIDC/node_modules/.lock-sum"
	want=$(cat "$OIDC/package.json" "$OIDC/package-lock.json" | sha256sum)
	have=$(cat "$stamp" 2>/dev/null || true)
	[ "$want" = "$have" ] && [ -x "$OIDC/node_modules/.bin/node" ] && return
	step "npm ci (the authorization server of the end-to-end tests)"
	(cd "$OIDC" && npm ci --loglevel=error)
	printf '%s\n' "$want" >"$stamp"
}

linter() { printf '%s/golangci-lint-%s' "$CACHE" "$GOLANGCI_VERSION"; }

install_linter() {
	[ -x "$(linter)" ] && return
	step "golangci-lint $GOLANGCI_VERSION (a minute, once)"
	local bin
	bin=$(mktemp -d)
	GOBIN="$bin" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$GOLANGCI_VERSION"
	mkdir -p "$CACHE"
	mv "$bin/golangci-lint" "$(linter)"
	rmdir "$bin"
}

check_format() {
	local unformatted
	unformatted=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 -r ls -d 2>/dev/null | xargs -r gofmt -l)
	[ -z "$unformatted" ] && return
	printf 'error: not formatted:\n%s\nhint: gofmt -w these files\n' "$unformatted" >&2
	return 1
}

cross_build() {
	local target
	for target in $TARGETS; do
		printf '%s\n' "$target"
		CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} go build -o /dev/null ./cmd/valetkey || return 1
	done
}

# check runs one check and goes on when it fails, so that one run shows all
# that is wrong.
failed=()
check() {
	local name=$1
	shift
	step "$name"
	"$@" || failed+=("$name")
}

command -v go >/dev/null || die "Go is not installed" "install Go 1.26 or later and put it on PATH"
install_system_packages
install_node_packages
install_linter

check gofmt check_format
check "go vet" go vet ./...
check golangci-lint "$(linter)" run ./...
check "cross builds, without cgo" cross_build

step "go test"
if [ ${#failed[@]} -gt 0 ]; then
	printf 'failed above: %s; the tests run all the same, and the exit code will not be 0\n' "$(IFS=,; echo "${failed[*]}")"
fi
code=0
go test -race -shuffle=on -timeout 20m ./... || code=$?
if [ "$code" = 0 ] && [ ${#failed[@]} -gt 0 ]; then code=1; fi
exit "$code"
