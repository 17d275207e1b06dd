package app

import (
	"os"
	"strings"

	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/skew"
)

// outside is what clients may read at each use: any file that the server's user
// can, as a key or as an assertion, and the programs that the operator names.
func (c Config) outside() clientauth.Outside {
	outside := clientauth.Outside{ReadFile: os.ReadFile}
	var allowed []string
	for path := range strings.SplitSeq(c.AllowCommand, ",") {
		if path = strings.TrimSpace(path); path != "" {
			allowed = append(allowed, path)
		}
	}
	if len(allowed) > 0 {
		outside.Run = clientauth.Commands{Allowed: allowed, Environ: os.Environ()}.Run
	}
	return outside
}

// showing sends token requests of clients that have a certificate.
func showing(out *egress.Egress, clocks *skew.Clocks) func(pair []byte) (arrangement.Doer, error) {
	return func(pair []byte) (arrangement.Doer, error) {
		way, err := out.ClientShowing(pair, tokenRequestLimit)
		if err != nil {
			return nil, err
		}
		return clocks.Watching(way), nil
	}
}
