package call

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/secret"
)

func TestT15_ALongTokenIsSentWholeAndARefusalOfItsLengthIsExplained(t *testing.T) {
	for name, test := range map[string]struct {
		length, status int
		explained      bool
	}{
		"taken":                               {16 << 10, 200, false},
		"refused as too large":                {16 << 10, 431, true},
		"refused as malformed":                {16 << 10, 400, true},
		"refused for another reason":          {16 << 10, 404, false},
		"a short one beside too much else":    {1 << 10, 431, false},
		"a short one, and a request at fault": {1 << 10, 400, false},
	} {
		t.Run(name, func(t *testing.T) {
			token := strings.Repeat("x", test.length)
			var got string
			r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
				got = r.Header.Get("Authorization")
				w.WriteHeader(test.status)
			})
			out := egress.New(egress.Config{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
			r.Engine = New(r.credentials, out.Transport(), Options{Now: r.clock.Now, Open: func(*broker.Credential) (secret.Text, error) {
				return secret.NewText(token), nil
			}})
			response, _ := r.do(t, Request{Path: "/"})
			if got != "Bearer "+token || response.StatusCode != test.status {
				t.Fatalf("%d bytes arrived, status %d", len(got), response.StatusCode)
			}
			hint := response.Header.Get(HeaderHint)
			if strings.Contains(hint, "16384 bytes") != test.explained {
				t.Errorf("hint %q", hint)
			}
			if strings.Contains(hint, "xxxx") {
				t.Error("the token is in the hint")
			}
		})
	}
}
