package catalog

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

func methodNames() []string {
	var names []string
	for _, method := range oauth.AuthMethods() {
		names = append(names, string(method))
	}
	return append(names, string(oauth.AuthBasicAndPost))
}

// certificates refuses what cannot go together in a client's authentication.
func (c *checker) certificates() {
	p := c.provider
	if off := p.API != nil && p.API.TLS != nil && p.API.TLS.ClientCertificate != nil && !*p.API.TLS.ClientCertificate; off && p.BoundTokens {
		c.wrong("api.tls.client_certificate", "tokens that are bound to the certificate need it at the API (RFC 8705 section 3)")
	}
	if p.ClientAssertion != nil {
		c.clientAssertion(oauth.AuthMethod(p.TokenEndpointAuthMethod), *p.ClientAssertion)
	}
}

// clientAssertion refuses rules that the method does not follow.
func (c *checker) clientAssertion(method oauth.AuthMethod, rules api.AssertionRules) {
	if method == oauth.AuthNone {
		c.wrong("client_assertion", "%s shows no assertion", method)
	}
	if rules.Scope != "" {
		c.wrong("client_assertion.scope", "it belongs to assertion, the grant")
	}
	symmetric := strings.HasPrefix(rules.Alg, "HS")
	if rules.Alg != "" && (method == oauth.AuthSecretJWT && !symmetric || method == oauth.AuthPrivateKeyJWT && symmetric) {
		c.wrong("client_assertion.alg", "%s does not sign with %s", method, rules.Alg)
	}
	if symmetric && certificateNamed(rules.Header) {
		c.wrong("client_assertion.header", "a secret has no certificate to name")
	}
}

func certificateNamed(h *api.AssertionHeader) bool { return h != nil && (h.X5T || h.X5TS256 || h.X5C) }
