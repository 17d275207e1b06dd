package catalog

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// bodies checks what is said about bodies, and the test request.
func (c *checker) bodies(s api.CallSettings) {
	for _, media := range []struct{ key, name string }{
		{"api.media_type", s.MediaType}, {"api.success_media_type", s.SuccessMediaType}, {"api.error_media_type", s.ErrorMediaType},
	} {
		short := []string{"", "json", "xml", "soap", "form", "text"}
		if !slices.Contains(short, media.name) && strings.Count(media.name, "/") != 1 {
			c.wrong(media.key, "%q is not one of json, xml, soap, form, text, nor a media type such as text/csv", media.name)
		}
	}
	if !httpguts.ValidHeaderFieldValue(s.SOAPAction) || strings.Contains(s.SOAPAction, `"`) {
		c.wrong("api.soap_action", "it is one line without quotation marks, which are added")
	}
	c.outcome("api", s.OutcomeRules)
	if s.Test == nil {
		return
	}
	c.outcome("api.test", s.Test.OutcomeRules)
	if m := s.Test.Method; m != "" && !httpguts.ValidHeaderFieldName(m) { // both are tokens (RFC 9110 section 9.1)
		c.wrong("api.test.method", "%q is not a method", m)
	}
	for name := range s.Test.Headers {
		c.fieldName("api.test.headers", name)
	}
}

func (c *checker) outcome(key string, r api.OutcomeRules) {
	c.pointer(key+".success_path", r.SuccessPath)
	c.pointer(key+".fail_path", r.FailPath)
	c.pointer(key+".error_path", r.ErrorPath)
	if len(r.SuccessValues) > 0 && r.SuccessPath == "" {
		c.wrong(key+".success_values", "they need success_path, to be looked for there")
	}
	if len(r.FailValues) > 0 && r.FailPath == "" {
		c.wrong(key+".fail_values", "they need fail_path, to be looked for there")
	}
}

// testTexts checks the templates of the test request.
func (c *checker) testTexts(t *api.TestRequest) {
	if t == nil {
		return
	}
	c.texts("api.test", map[string]string{"path": t.Path})
	c.texts("api.test.query", t.Query)
	c.texts("api.test.headers", t.Headers)
}

// proxy checks the proxy of a connection. A password in it would be shown with
// the settings, so the whole URL is then to stand elsewhere.
func (c *checker) proxy(text string) {
	if text == "" {
		return
	}
	if err := CheckProxy(text); err != nil {
		c.wrong("api.proxy", "%s", fault.As(err).Message)
	}
}

// agent checks the agents that lead to an API.
func (c *checker) agent(r api.Route) {
	if r.Proxy != "" && len(r.Agent) > 0 {
		c.wrong("api.agent", "an agent goes without api.proxy: take one of them")
	}
	for _, name := range r.Agent {
		if !agentName.MatchString(name) {
			c.wrong("api.agent", "%q cannot be the name of an agent", name)
		}
	}
}

// agentName is what can be the name of an agent.
var agentName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// The places of a proxy's URL besides the settings.
const (
	ProxyFile = "file:"
	ProxyEnv  = "env:"
	// ProxyEnvPrefix begins the names of the variables that settings may name, so
	// that they cannot read any other.
	ProxyEnvPrefix = "VALETKEY_PROXY_"
	// CertificateEnvPrefix is the same for certificates with their private keys.
	CertificateEnvPrefix = "VALETKEY_CERTIFICATE_"
	// CertificateVariable begins the name of a secret variable that holds one.
	CertificateVariable = "variable:"
)

// CheckProxy says what is wrong with api.proxy as it is written.
func CheckProxy(text string) error {
	if path, ok := strings.CutPrefix(text, ProxyFile); ok {
		if !strings.HasPrefix(path, "/") && !strings.Contains(path, ":\\") {
			return fault.New(api.CodeInvalid, "file: needs the whole path of a file")
		}
		return nil
	}
	if name, ok := strings.CutPrefix(text, ProxyEnv); ok {
		if !strings.HasPrefix(name, ProxyEnvPrefix) {
			return fault.New(api.CodeInvalid, "env: names a variable that begins with %s", ProxyEnvPrefix)
		}
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
		return fault.New(api.CodeInvalid, "it is not an http, https or socks5 URL, nor file:PATH or env:%sNAME", ProxyEnvPrefix)
	}
	if u.User != nil {
		return fault.New(api.CodeInvalid, "a proxy's user and password do not belong here: write file:PATH or env:%sNAME, where the whole URL stands", ProxyEnvPrefix)
	}
	return nil
}
