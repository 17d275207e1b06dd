package catalog

import (
	"crypto/x509"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	maxConcurrency = 50        // requests under way at once
	maxRequests    = 1_000_000 // in a span; each takes 8 bytes of memory while it counts
	maxRetries     = 20
	maxQueue       = 10_000
)

// CheckSettings says what is wrong with a connection's own api block, as one
// error with [api.CodeInvalid].
func CheckSettings(s api.CallSettings) error {
	c := checker{provider: api.Provider{API: &s}, used: make(map[string]bool)}
	c.limits(s)
	if len(c.found) == 0 {
		return nil
	}
	lines := make([]string, len(c.found))
	for i, f := range c.found {
		lines[i] = f.String()
	}
	return fault.New(api.CodeInvalid, "%s", strings.Join(lines, "; ")).WithHint("docs/calling.md has every key")
}

// limits checks the blocks that say what happens after an answer.
func (c *checker) limits(s api.CallSettings) {
	if kinds := []string{"", api.RedirectsNone, api.RedirectsSameOrigin, api.RedirectsAll}; !slices.Contains(kinds, s.Redirects) {
		c.wrong("api.redirects", "%q is not one of none, same_origin, all", s.Redirects)
	}
	if s.TLS != nil {
		c.tls(*s.TLS)
	}
	if s.AuthError != nil {
		c.answerRule("api.auth_error", s.AuthError.AnswerRule)
	}
	if s.Retry != nil {
		c.retry(*s.Retry)
	}
	if s.RateLimit != nil {
		c.rateLimit(*s.RateLimit)
	}
	c.bodies(s)
	c.proxy(s.Proxy)
	c.agent(s.Route)
}

func (c *checker) answerRule(key string, r api.AnswerRule) {
	c.statuses(key+".statuses", r.Statuses)
	c.pointer(key+".path", r.Path)
	c.fieldName(key+".header", r.Header)
	if len(r.Values) > 0 && r.Path == "" && r.Header == "" {
		c.wrong(key+".values", "they need a path, or a header, to be looked for in")
	}
}

func (c *checker) tls(s api.TLSSettings) {
	if s.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(s.CA)) {
		c.wrong("api.tls.ca", "it holds no certificate in PEM, from BEGIN CERTIFICATE to END CERTIFICATE")
	}
	c.certificate(s)
	if s.CA == "" && s.InsecureSkipVerify != nil && *s.InsecureSkipVerify {
		c.wrong("api.tls.insecure_skip_verify", "it needs ca: without a name and without an authority anybody could be the API")
	}
}

// certificate checks where a connection's own certificate stands: never in the
// settings, since its private key stands beside it; a secret variable of the
// client is sealed.
func (c *checker) certificate(s api.TLSSettings) {
	if s.Certificate == "" {
		return
	}
	if name, sealed := strings.CutPrefix(s.Certificate, CertificateVariable); sealed {
		c.sealedCertificate(name)
	}
	path, file := strings.CutPrefix(s.Certificate, ProxyFile)
	elsewhere := strings.HasPrefix(s.Certificate, CertificateVariable) || strings.HasPrefix(s.Certificate, ProxyEnv+CertificateEnvPrefix)
	switch {
	case s.ClientCertificate != nil && *s.ClientCertificate:
		c.wrong(certificateKey, "client_certificate shows the client's: take one of them")
	case file && !strings.HasPrefix(path, "/") && !strings.Contains(path, ":\\"):
		c.wrong(certificateKey, "file: needs the whole path of a file")
	case !file && !elsewhere:
		c.wrong(certificateKey, "it is file:PATH, env:%sNAME or variable:NAME, where the certificate stands beside its private key", CertificateEnvPrefix)
	}
}

const certificateKey = "api.tls.certificate"

// sealedCertificate checks the variable that holds a certificate.
func (c *checker) sealedCertificate(name string) {
	if name == "" {
		c.wrong(certificateKey, "variable: needs the name of a secret variable")
		return
	}
	c.used[name] = true
	if v, declared := c.provider.Variables[name]; declared && (!v.Secret || v.From != api.FromClient) {
		c.wrong(certificateKey, "variables.%s is not sealed: it needs from: client and secret: true", name)
	}
}

func (c *checker) retry(r api.RetryRules) {
	if modes := []string{"", api.RetryNone, api.RetryStatus, api.RetryAny}; !slices.Contains(modes, r.Mode) {
		c.wrong("api.retry.mode", "%q is not one of none, status, any", r.Mode)
	}
	c.statuses("api.retry.statuses", r.Statuses)
	for _, method := range r.Methods {
		if !httpguts.ValidHeaderFieldName(method) { // both are tokens (RFC 9110 section 9.1)
			c.wrong("api.retry.methods", "%q is not a method", method)
		}
	}
	if r.Max != nil && (*r.Max < 0 || *r.Max > maxRetries) {
		c.wrong("api.retry.max", "%d is not between 0 and %d", *r.Max, maxRetries)
	}
	c.fieldName("api.retry.header", r.Header)
	c.pointer("api.retry.body_path", r.BodyPath)
}

func (c *checker) rateLimit(r api.RateLimitRules) {
	const key = "api.rate_limit"
	c.answerRule(key, r.AnswerRule)
	c.fieldName(key+".retry_after_header", r.RetryAfterHeader)
	c.between(key+".requests", r.Requests, maxRequests)
	c.between(key+".concurrency", r.Concurrency, maxConcurrency)
	c.between(key+".queue", r.Queue, maxQueue)
	if r.Per != 0 && r.Requests == 0 {
		c.wrong(key+".per", "it needs requests: how many in that span")
	}
	c.texts(key, map[string]string{"shared_with": r.SharedWith})
}

// between checks a number of which 0 means the default.
func (c *checker) between(key string, n, most int) {
	if n < 0 || n > most {
		c.wrong(key, "%d is not between 1 and %d", n, most)
	}
}

func (c *checker) statuses(key string, statuses []int) {
	for _, status := range statuses {
		if status < 200 || status > 599 {
			c.wrong(key, "%d is not the status of an answer", status)
		}
	}
}

func (c *checker) fieldName(key, name string) {
	if name != "" && !httpguts.ValidHeaderFieldName(name) {
		c.wrong(key, "%q cannot be the name of a header", name)
	}
}

func (c *checker) pointer(key, pointer string) {
	for at := strings.IndexByte(pointer, '~'); at >= 0; {
		if at+1 == len(pointer) || pointer[at+1] != '0' && pointer[at+1] != '1' {
			c.wrong(key, "%q is not a JSON pointer: write ~0 for ~ and ~1 for / (RFC 6901)", pointer)
			return
		}
		next := strings.IndexByte(pointer[at+1:], '~')
		if next < 0 {
			return
		}
		at += 1 + next
	}
}
