package call

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
)

// trusting is a transport that can hold a host to a trust of its own;
// *egress.Egress is one.
type trusting interface {
	Trusting(egress.Trust) (http.RoundTripper, error)
}

// way is the transport of one attempt. What a connection trusts, it trusts of
// its own API alone, not of where a redirect leads.
func (e *Engine) way(credential *broker.Credential, o *outgoing) (http.RoundTripper, error) {
	settings := credential.Target.TLS
	shows := isSet(settings.ClientCertificate)
	if settings.CA == "" && !shows || o.away {
		return e.transport, nil
	}
	able, ok := e.transport.(trusting)
	if !ok {
		return nil, fault.New(api.CodeNeedsConfiguration, "api.tls cannot be kept to on this way to the API").
			WithHint("remove api.tls of the connection")
	}
	trust := egress.Trust{CA: settings.CA, AnyName: isSet(settings.InsecureSkipVerify)}
	if shows {
		key, err := e.clientKey(credential)
		if err != nil {
			return nil, err
		}
		if key.IsZero() {
			return nil, fault.New(api.CodeNeedsConfiguration, "the connection %s is to show its client's certificate, and the client has none", credential.Connection).
				WithHint("set private_key of the client to a PEM file with its certificate")
		}
		trust.Pair = []byte(key.Reveal())
	}
	return able.Trusting(trust)
}
