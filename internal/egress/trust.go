package egress

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/egress/h1"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxTrusts bounds the transports that are kept beside the first.
const maxTrusts = 256

// Trust says whose certificates a host may show, and which one it is shown.
// The zero value is the machine's own judgement, and none.
type Trust struct {
	CA      string // certificates in PEM: the only authorities that count, or the host's own certificate
	AnyName bool   // the certificate may be for another name; needs CA
	Pair    []byte // our certificate and its private key in PEM; nil: none
	Proxy   string // URL of the proxy on the way there; "": the one of all. The guard judges its address
	Agents  string // names of agents with spaces between: the first that is connected leads there, and decides what may be reached
}

// trustKey tells one Trust from another without holding a private key.
type trustKey struct {
	ca      string
	anyName bool
	pair    [sha256.Size]byte
	proxy   [sha256.Size]byte // may hold a password
	agents  string
}

func (t Trust) key() trustKey {
	key := trustKey{ca: t.CA, anyName: t.AnyName, agents: t.Agents}
	if len(t.Pair) > 0 {
		key.pair = sha256.Sum256(t.Pair)
	}
	if t.Proxy != "" {
		key.proxy = sha256.Sum256([]byte(t.Proxy))
	}
	return key
}

// Trusting sends requests that hold the host to a Trust of its own. Each has
// its own pool: no connection that was made under one Trust serves another.
func (e *Egress) Trusting(t Trust) (http.RoundTripper, error) {
	key := t.key()
	if key == (trustKey{}) {
		return e, nil
	}
	e.trusts.mu.RLock()
	known := e.trusts.known[key]
	e.trusts.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	config, err := t.config(e.base.TLSClientConfig.RootCAs)
	if err != nil {
		return nil, err
	}
	proxy := e.proxy
	if t.Proxy != "" {
		through, err := parseProxy(t.Proxy)
		if err != nil {
			return nil, err
		}
		proxy = http.ProxyURL(through)
	}
	made := e.trusting(config, proxy)
	switch {
	case t.Agents == "":
	case e.agents == nil:
		return nil, fault.New(api.CodeNeedsConfiguration, "requests from here go through no agent")
	default:
		made.leadBy(strings.Fields(t.Agents))
	}
	return e.trusts.add(key, made), nil
}

// trusting is the same way out with other settings of TLS, and a proxy.
func (e *Egress) trusting(config *tls.Config, proxy func(*http.Request) (*url.URL, error)) *Egress {
	other := &Egress{guard: e.guard, dialer: e.dialer, proxy: proxy, known: e.known, agents: e.agents, base: e.base.Clone()}
	other.base.Proxy = proxy
	other.base.DialContext = other.dial
	other.base.TLSClientConfig = config
	other.lean = h1.New(other.base)
	return other
}

// config is the TLS configuration that a Trust asks for.
func (t Trust) config(machine *x509.CertPool) (*tls.Config, error) {
	pool := machine
	if t.CA != "" || t.AnyName {
		pool = x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, fault.New(api.CodeNeedsConfiguration, "api.tls.ca holds no certificate, so nothing is trusted").
				WithHint("write certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE")
		}
	}
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		RootCAs:            pool,
		ClientSessionCache: tls.NewLRUClientSessionCache(sessionCacheSize),
	}
	if len(t.Pair) > 0 {
		pair, err := tls.X509KeyPair(t.Pair, t.Pair)
		if err != nil {
			return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the client's private key and certificate cannot be shown: %s", unusablePair(err)).
				WithHint("set private_key of the client to a PEM file with both, BEGIN CERTIFICATE and BEGIN PRIVATE KEY, or private_key_path and certificate_path to one each")
		}
		// Shown whatever authorities the host lists: a self-signed certificate is
		// by none of them (RFC 8705 section 2.2).
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	if t.AnyName {
		// The chain is verified below; this turns off the name alone.
		config.InsecureSkipVerify = true
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(pool, state.PeerCertificates) }
	}
	return config, nil
}

// unusablePair says what is wrong with a certificate and its key. The error
// itself may quote what was in the file.
func unusablePair(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "does not match"):
		return "they do not belong together"
	case strings.Contains(text, "CERTIFICATE"), strings.Contains(text, "certificate"):
		return "there is no certificate in PEM, with the client's own first"
	default:
		return "there is no private key in PEM"
	}
}

// verifyChain verifies a host's certificate but for its name.
func verifyChain(roots *x509.CertPool, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return x509.UnknownAuthorityError{}
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

// trusts are the ways out that hold hosts to a Trust of their own.
type trusts struct {
	mu    sync.RWMutex
	known map[trustKey]*Egress
}

func (s *trusts) add(t trustKey, made *Egress) *Egress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known[t]; known != nil {
		return known
	}
	if s.known == nil {
		s.known = make(map[trustKey]*Egress)
	}
	if len(s.known) >= maxTrusts {
		for other, old := range s.known { // any one: it is made again when it is needed
			delete(s.known, other)
			old.lean.CloseIdleConnections()
			break
		}
	}
	s.known[t] = made
	return made
}

func (s *trusts) closeIdle() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.known {
		e.lean.CloseIdleConnections()
	}
}
