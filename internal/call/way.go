package call

import (
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/catalog"
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
	settings, through := credential.Target.TLS, credential.Target.Proxy
	shows := isSet(settings.ClientCertificate)
	if settings.CA == "" && through == "" && !shows || o.away {
		return e.transport, nil
	}
	able, ok := e.transport.(trusting)
	if !ok {
		return nil, fault.New(api.CodeNeedsConfiguration, "api.tls and api.proxy cannot be kept to on this way to the API").
			WithHint("remove them from the connection")
	}
	trust := egress.Trust{CA: settings.CA, AnyName: isSet(settings.InsecureSkipVerify)}
	if through != "" {
		proxy, err := e.proxyURL(through)
		if err != nil {
			return nil, err
		}
		trust.Proxy = proxy
	}
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

// proxyURL is the URL of a connection's proxy, which may stand in a file or in
// the environment. What stands there is never shown: it may hold a password.
func (e *Engine) proxyURL(setting string) (string, error) {
	if path, ok := strings.CutPrefix(setting, catalog.ProxyFile); ok {
		text, err := e.readFile(path)
		if err != nil {
			return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the file of api.proxy cannot be read").
				WithHint("put the proxy's URL into a file that the server may read, and name it as api.proxy: file:PATH")
		}
		return strings.TrimSpace(string(text)), nil
	}
	if name, ok := strings.CutPrefix(setting, catalog.ProxyEnv); ok {
		text := ""
		if strings.HasPrefix(name, catalog.ProxyEnvPrefix) {
			text = e.getenv(name)
		}
		if text == "" {
			return "", fault.New(api.CodeNeedsConfiguration, "the variable of api.proxy is not set in the server's environment").
				WithHint("start the server with %s set to the proxy's URL", name)
		}
		return text, nil
	}
	return setting, nil
}
