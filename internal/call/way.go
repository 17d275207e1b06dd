package call

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

// trusting is a transport that can hold a host to a trust of its own;
// *egress.Egress is one.
type trusting interface {
	Trusting(egress.Trust) (http.RoundTripper, error)
}

// way is the transport of one attempt. What a connection trusts, it trusts of
// its own API alone, not of where a redirect leads.
func (e *Engine) way(target *target.Target, o *outgoing) (http.RoundTripper, error) {
	if target.TLS.CA == "" || o.away {
		return e.transport, nil
	}
	able, ok := e.transport.(trusting)
	if !ok {
		return nil, fault.New(api.CodeNeedsConfiguration, "api.tls cannot be kept to on this way to the API").
			WithHint("remove api.tls of the connection")
	}
	return able.Trusting(egress.Trust{CA: target.TLS.CA, AnyName: isSet(target.TLS.InsecureSkipVerify)})
}
