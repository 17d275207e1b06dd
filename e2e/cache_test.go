package e2e

// These tests build the binary by running the go command, which go test's
// cache cannot see. This import makes every package of the binary an input of
// the tests, so that a change of the code is never answered from the cache.
import _ "github.com/valetkey/valetkey/internal/cli"
