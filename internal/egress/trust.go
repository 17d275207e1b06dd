package egress

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"sync"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxTrusts bounds the transports that are kept beside the first.
const maxTrusts = 256

// Trust says whose certificates a host may show. The zero value is the
// machine's own judgement.
type Trust struct {
	CA      string // certificates in PEM: the only authorities that count, or the host's own certificate
	AnyName bool   // the certificate may be for another name; needs CA
}

// Trusting sends requests that hold the host to a Trust of its own. Each has
// its own pool: no connection that was made under one Trust serves another.
func (e *Egress) Trusting(t Trust) (http.RoundTripper, error) {
	if t == (Trust{}) {
		return e, nil
	}
	e.trusts.mu.RLock()
	known := e.trusts.known[t]
	e.trusts.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	config, err := t.config()
	if err != nil {
		return nil, err
	}
	return e.trusts.add(t, e.trusting(config)), nil
}

// trusting is the same way out with other settings of TLS.
func (e *Egress) trusting(config *tls.Config) *Egress {
	other := &Egress{guard: e.guard, dialer: e.dialer, proxy: e.proxy, base: e.base.Clone()}
	other.base.DialContext = other.dial
	other.base.TLSClientConfig = config
	return other
}

// config is the TLS configuration that a Trust asks for.
func (t Trust) config() (*tls.Config, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(t.CA)) {
		return nil, fault.New(api.CodeNeedsConfiguration, "api.tls.ca holds no certificate, so nothing is trusted").
			WithHint("write certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE")
	}
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		RootCAs:            pool,
		ClientSessionCache: tls.NewLRUClientSessionCache(sessionCacheSize),
	}
	if t.AnyName {
		// The chain is verified below; this turns off the name alone.
		config.InsecureSkipVerify = true
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(pool, state.PeerCertificates) }
	}
	return config, nil
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
	known map[Trust]*Egress
}

func (s *trusts) add(t Trust, made *Egress) *Egress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known[t]; known != nil {
		return known
	}
	if s.known == nil {
		s.known = make(map[Trust]*Egress)
	}
	if len(s.known) >= maxTrusts {
		for other, old := range s.known { // any one: it is made again when it is needed
			delete(s.known, other)
			old.base.CloseIdleConnections()
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
		e.base.CloseIdleConnections()
	}
}
