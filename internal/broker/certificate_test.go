package broker_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/egress"
)

// pairFiles writes a client's private key and its certificate, one file each.
func pairFiles(t *testing.T, dir, name string) (der []byte) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der = must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	for file, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: der},
		"tls.key": {Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))},
	} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return der
}

// strictTLS is an authorization server that knows clients by their certificates.
type strictTLS struct {
	*httptest.Server
	mu    sync.Mutex
	shown map[string][]byte // path to the certificate that was shown last
	ids   map[string]string // path to client_id
	plain *httptest.Server  // its issuer, which asks for no certificate
	asked int               // requests to endpoints of the issuer itself
}

func newStrictTLS(t *testing.T) *strictTLS {
	t.Helper()
	s := &strictTLS{shown: make(map[string][]byte), ids: make(map[string]string)}
	s.Server = httptest.NewUnstartedServer(s)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	s.plain = httptest.NewTLSServer(http.HandlerFunc(s.issuer))
	t.Cleanup(s.plain.Close)
	return s
}

// ServeHTTP implements [http.Handler].
func (s *strictTLS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	s.shown[r.URL.Path], s.ids[r.URL.Path] = r.TLS.PeerCertificates[0].Raw, r.PostForm.Get("client_id")
	if r.PostForm.Has("client_secret") || r.PostForm.Has("client_assertion") || r.Header.Get("Authorization") != "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	body := map[string]any{"access_token": "at", "refresh_token": "rt", "token_type": "Bearer", "expires_in": 3600}
	if r.URL.Path == "/device" {
		body = map[string]any{"device_code": "dc", "user_code": "AB", "verification_uri": s.plain.URL + "/d", "expires_in": 600}
	}
	_ = json.NewEncoder(w).Encode(body)
}

func (s *strictTLS) issuer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/.well-known/oauth-authorization-server" {
		s.mu.Lock()
		s.asked++
		s.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"issuer":                                s.plain.URL,
		"authorization_endpoint":                s.plain.URL + "/authorize",
		"token_endpoint":                        s.plain.URL + "/token",
		"revocation_endpoint":                   s.plain.URL + "/revoke",
		"introspection_endpoint":                s.plain.URL + "/introspect",
		"device_authorization_endpoint":         s.plain.URL + "/device",
		"token_endpoint_auth_methods_supported": []string{"tls_client_auth", "self_signed_tls_client_auth"},
		"mtls_endpoint_aliases": map[string]string{
			"token_endpoint":                s.URL + "/token",
			"revocation_endpoint":           s.URL + "/revoke",
			"introspection_endpoint":        s.URL + "/introspect",
			"device_authorization_endpoint": s.URL + "/device",
		},
	})
}

// onTLS makes the harness send by the real way out, trusting the two servers.
func (h *harness) onTLS(s *strictTLS) {
	h.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	roots.AddCert(s.plain.Certificate())
	out := egress.New(egress.Config{AllowLoopback: true, RootCAs: roots})
	h.t.Cleanup(out.CloseIdleConnections)
	h.config.HTTP = out.Client(time.Minute)
	h.config.Outside = clientauth.Outside{ReadFile: os.ReadFile}
	h.config.Showing = func(pair []byte) (arrangement.Doer, error) { return out.ClientShowing(pair, time.Minute) }
	h.Broker = h.open()
}

// certified makes the client "app" one that has a key and a certificate in files.
func (h *harness) certified(s *strictTLS, method string) (der []byte, dir string) {
	h.t.Helper()
	dir = h.t.TempDir()
	der = pairFiles(h.t, dir, "first")
	var p api.Provider
	p.Issuer = s.plain.URL
	p.BoundTokens = true
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/v1"}
	_, err := h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	none := api.Secret("")
	_, err = h.PutClient(h.ctx, "app", api.ClientSpec{
		Provider: "fake", ClientID: "id", ClientSecret: &none, TokenEndpointAuthMethod: method,
		ClientSources: api.ClientSources{PrivateKeyPath: filepath.Join(dir, "tls.key"), CertificatePath: filepath.Join(dir, "tls.crt")},
	})
	h.must(err)
	return der, dir
}

func TestRFC8705_2_AClientIsKnownByItsCertificateAtEveryEndpoint(t *testing.T) {
	for name, method := range map[string]string{"tls_client_auth": "tls_client_auth", "self_signed_tls_client_auth": "self_signed_tls_client_auth", "as the server advertises": ""} {
		t.Run("RFC8705_5 "+name, func(t *testing.T) {
			h, s := newHarness(t), newStrictTLS(t)
			h.onTLS(s)
			der, _ := h.certified(s, method)
			h.authorize("mail")
			h.token("robot")
			_, err := h.Introspect(h.ctx, "robot")
			h.must(err)
			_, err = h.Revoke(h.ctx, "mail")
			h.must(err)
			_, err = h.Begin(h.ctx, "mail", api.AuthorizeRequest{Device: true})
			h.must(err)
			for _, path := range []string{"/token", "/introspect", "/revoke", "/device"} {
				if !bytes.Equal(s.shown[path], der) || s.ids[path] != "id" {
					t.Errorf("%s: certificate shown %t, client_id %q", path, bytes.Equal(s.shown[path], der), s.ids[path])
				}
			}
			if s.asked != 0 {
				t.Errorf("%d requests went to endpoints that have an alias", s.asked)
			}
			if ends := must(h.Client(h.ctx, "app")).CertificateExpiresAt; ends == nil {
				t.Error("nobody is told when the certificate ends")
			}
		})
	}
}

func TestRFC8705_3_TheAPIIsShownTheCertificateThatTheTokenIsBoundTo(t *testing.T) {
	h, s := newHarness(t), newStrictTLS(t)
	h.onTLS(s)
	der, dir := h.certified(s, "tls_client_auth")
	h.token("robot")
	credential, err := h.Credential(h.ctx, "robot")
	h.must(err)
	if shows := credential.Target.TLS.ClientCertificate; shows == nil || !*shows {
		t.Fatal("the API sees no certificate")
	}
	shown := func() []byte {
		pair, err := credential.ClientKey()
		h.must(err)
		return must(tls.X509KeyPair([]byte(pair.Reveal()), []byte(pair.Reveal()))).Certificate[0]
	}
	if !bytes.Equal(shown(), der) {
		t.Fatal("the API sees another certificate")
	}
	// RFC 8705 section 4: the files are replaced, and the next request shows the new pair.
	next := pairFiles(t, dir, "second")
	h.clock.advance(2 * time.Hour)
	h.token("robot")
	if !bytes.Equal(s.shown["/token"], next) || !bytes.Equal(shown(), next) {
		t.Fatal("the old certificate is still shown")
	}
}

func TestACertificateThatIsMissingOrAnothersSaysWhatToGive(t *testing.T) {
	h, s := newHarness(t), newStrictTLS(t)
	h.onTLS(s)
	_, dir := h.certified(s, "tls_client_auth")
	stranger := t.TempDir()
	pairFiles(t, stranger, "stranger")
	for name, spoil := range map[string]func() error{
		"another's": func() error { return os.Rename(filepath.Join(stranger, "tls.key"), filepath.Join(dir, "tls.key")) },
		"no file":   func() error { return os.Remove(filepath.Join(dir, "tls.crt")) },
	} {
		h.must(spoil())
		_, err := h.Token(h.ctx, "robot", 0)
		if found := wantCode(t, err, api.CodeNeedsConfiguration); found.Hint == "" {
			t.Errorf("%s: %s", name, found.Message)
		}
		if c := must(h.Client(h.ctx, "app")); c.Cause != nil {
			t.Errorf("%s: the provider is blamed: %+v", name, c.Cause)
		}
	}
}

func TestACertificateMayBeASealedFieldOfTheClient(t *testing.T) {
	h := newHarness(t)
	p, err := h.Provider(h.ctx, "fake")
	h.must(err)
	p.Name = ""
	p.Variables = map[string]api.Variable{"pair": {Secret: true, VariableSource: api.VariableSource{From: api.FromClient}}}
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/v1", TLS: &api.TLSSettings{Certificate: "variable:pair"}}
	_, err = h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	const pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
	_, err = h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", Variables: map[string]string{"pair": pem}})
	h.must(err)
	if c := must(h.Client(h.ctx, "app")); c.Variables["pair"] != api.Mask {
		t.Errorf("it reads back as %q", c.Variables["pair"])
	}
	h.token("robot")
	credential, err := h.Credential(h.ctx, "robot")
	h.must(err)
	for name, want := range map[string]string{"pair": pem, "other": ""} {
		if got, err := credential.ClientVariable(name); err != nil || got.Reveal() != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
