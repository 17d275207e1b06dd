package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"sync"
	"time"
)

// Server is a practice provider. It is safe for concurrent use.
type Server struct {
	cfg     Config
	store   *store
	faults  *faultBox
	stats   *counters
	pages   *template.Template
	mail    []message
	mux     *http.ServeMux
	randMu  sync.Mutex
	signKey func() (*rsa.PrivateKey, error)
}

// New builds a practice provider. It returns an error when the issuer is not a
// plain http or https origin, a lifetime is negative, or Rand fails.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.ClientSecret == "" {
		raw := make([]byte, 24)
		if _, err := io.ReadFull(cfg.Rand, raw); err != nil {
			return nil, fmt.Errorf("sandbox: making the client secret: %v", err)
		}
		cfg.ClientSecret = base64.RawURLEncoding.EncodeToString(raw)
	}
	pages, err := parsePages()
	if err != nil {
		return nil, fmt.Errorf("sandbox: reading the pages: %v", err)
	}
	s := &Server{
		cfg:     cfg,
		store:   newStore(maxEntries),
		faults:  newFaultBox(cfg.Faults),
		stats:   newCounters(),
		pages:   pages,
		mail:    generateMail(cfg.Now()),
		signKey: sync.OnceValues(newSigningKey),
	}
	s.mux = s.routes()
	return s, nil
}

// routes is every address the practice provider answers at.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /assets/{name}", s.asset)

	mux.HandleFunc("GET /.well-known/openid-configuration", s.metadata)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.metadata)
	mux.HandleFunc("GET /jwks", s.jwks)
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /authorize", s.authorizeForm)
	mux.HandleFunc("POST /device_authorization", s.deviceAuthorization)
	mux.HandleFunc("GET /device", s.devicePage)
	mux.HandleFunc("POST /device", s.deviceForm)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /token/elsewhere", s.tokenElsewhere)
	mux.HandleFunc("POST /revoke", s.revoke)
	mux.HandleFunc("POST /introspect", s.introspect)
	mux.HandleFunc("/userinfo", s.protected(scopeOpenID, s.userinfo))

	mux.HandleFunc("GET /v1.0/me", s.protected(scopeUserRead, s.me))
	mux.HandleFunc("GET /v1.0/me/messages", s.protected(scopeMailRead, s.messages))
	mux.HandleFunc("GET /v1.0/me/messages/{id}", s.protected(scopeMailRead, s.message))
	mux.HandleFunc("POST /v1.0/me/sendMail", s.protected(scopeMailSend, s.sendMail))
	mux.HandleFunc("GET /v1.0/users", s.protected(scopeAllUsers, s.users))
	mux.HandleFunc("/v1.0/echo", s.protected("", s.echo))
	mux.HandleFunc("/v1.0/", s.protected("", s.noSuchResource))
	return mux
}

// Handler answers for the whole server, to be mounted at the root of Issuer.
func (s *Server) Handler() http.Handler { return s.mux }

// ServeHTTP answers one request, as Handler does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Credentials returns the registered clients, the test user and the addresses.
func (s *Server) Credentials() Credentials {
	return Credentials{
		Issuer:                s.cfg.Issuer,
		ClientID:              confidentialID,
		ClientSecret:          s.cfg.ClientSecret,
		PublicClientID:        publicID,
		Username:              testUser,
		Password:              testPassword,
		AuthorizationEndpoint: s.cfg.Issuer + "/authorize",
		TokenEndpoint:         s.cfg.Issuer + "/token",
		APIBaseURL:            s.cfg.Issuer + "/v1.0",
		Scopes:                scopeNames(),
	}
}

// Requests returns a copy of the counters.
func (s *Server) Requests() Stats {
	stats := s.stats.snapshot()
	_, stats.FaultsFired = s.faults.snapshot()
	return stats
}

// Faults returns the faults in force, with the counts they were given.
func (s *Server) Faults() Faults {
	f, _ := s.faults.snapshot()
	return f
}

// SetFaults replaces the faults and starts their counts afresh.
func (s *Server) SetFaults(f Faults) { s.faults.set(f) }

// RevokeAll ends every grant, as when the user withdraws consent: access tokens
// get 401, refresh tokens invalid_grant, and consent is asked for again.
func (s *Server) RevokeAll() { s.store.revokeAll() }

// ExpireAccessTokens ends every access token issued so far; refresh tokens stay
// good.
func (s *Server) ExpireAccessTokens() { s.store.expireAccess() }

// random returns n random bytes as URL-safe text. Should Config.Rand run dry,
// crypto/rand, which cannot fail, takes over.
func (s *Server) random(n int) string {
	raw := make([]byte, n)
	s.randMu.Lock()
	_, err := io.ReadFull(s.cfg.Rand, raw)
	s.randMu.Unlock()
	if err != nil {
		return rand.Text()
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (s *Server) now() time.Time { return s.cfg.Now() }
