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
	settings, through, agents := credential.Target.TLS, credential.Target.Proxy, credential.Target.Agent
	shows := isSet(settings.ClientCertificate) || settings.Certificate != ""
	if settings.CA == "" && through == "" && len(agents) == 0 && !shows || o.away {
		return e.transport, nil
	}
	able, ok := e.transport.(trusting)
	if !ok {
		return nil, fault.New(api.CodeNeedsConfiguration, "api.tls, api.proxy and api.agent cannot be kept to on this way to the API").
			WithHint("remove them from the connection")
	}
	trust := egress.Trust{CA: settings.CA, AnyName: isSet(settings.InsecureSkipVerify), Agents: strings.Join(agents, " ")}
	if through != "" {
		proxy, err := e.proxyURL(through)
		if err != nil {
			return nil, err
		}
		trust.Proxy = proxy
	}
	if shows {
		pair, err := e.pair(credential)
		if err != nil {
			return nil, err
		}
		trust.Pair = pair
	}
	return able.Trusting(trust)
}

// pair is the certificate that the API is shown, with its private key in PEM:
// the connection's own, or its client's.
func (e *Engine) pair(credential *broker.Credential) ([]byte, error) {
	own := credential.Target.TLS.Certificate
	if name, sealed := strings.CutPrefix(own, catalog.CertificateVariable); sealed {
		pair, err := credential.ClientVariable(name)
		if err == nil && pair.IsZero() {
			err = fault.New(api.CodeNeedsConfiguration, "the connection %s is to show the certificate of the variable %q, and its client has none", credential.Connection, name).
				WithHint("set it under variables of the client to certificate and private key in PEM, such as {file: pair.pem}; the provider declares it with from: client and secret: true")
		}
		return []byte(pair.Reveal()), err
	}
	if own != "" {
		text, err := e.elsewhere(own, kept{key: "api.tls.certificate", prefix: catalog.CertificateEnvPrefix, what: "the certificate and its private key in PEM"})
		return []byte(text), err
	}
	key, err := e.clientKey(credential)
	if err != nil {
		return nil, err
	}
	if key.IsZero() {
		return nil, fault.New(api.CodeNeedsConfiguration, "the connection %s is to show its client's certificate, and the client has none", credential.Connection).
			WithHint("set private_key of the client to a PEM file with its certificate")
	}
	return []byte(key.Reveal()), nil
}

// proxyURL is the URL of a connection's proxy, which may stand elsewhere.
func (e *Engine) proxyURL(setting string) (string, error) {
	return e.elsewhere(setting, kept{key: "api.proxy", prefix: catalog.ProxyEnvPrefix, what: "the proxy's URL"})
}

// kept is where a setting may stand besides the settings.
type kept struct {
	key    string // of the setting
	prefix string // of the names of variables
	what   string
}

// elsewhere reads a setting that may stand in a file or in the environment.
// What stands there is never shown: it may hold a password or a key.
func (e *Engine) elsewhere(setting string, at kept) (string, error) {
	if path, ok := strings.CutPrefix(setting, catalog.ProxyFile); ok {
		text, err := e.readFile(path)
		if err != nil {
			return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the file of %s cannot be read", at.key).
				WithHint("put %s into a file that the server may read, and name it as %s: file:PATH", at.what, at.key)
		}
		return strings.TrimSpace(string(text)), nil
	}
	if name, ok := strings.CutPrefix(setting, catalog.ProxyEnv); ok {
		text := ""
		if strings.HasPrefix(name, at.prefix) {
			text = e.getenv(name)
		}
		if text == "" {
			return "", fault.New(api.CodeNeedsConfiguration, "the variable of %s is not set in the server's environment", at.key).
				WithHint("start the server with %s set to %s", name, at.what)
		}
		return text, nil
	}
	return setting, nil
}
