package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hardenedResource is the API as tokens name it (RFC 8707).
const hardenedResource = "https://api.contoso.example/mail"

// hardenedWorld is a world whose authorization server has everything on.
type hardenedWorld struct {
	*world
	certificates string // directory
}

// answered is what the protected API says of a request.
type answered struct {
	Subject  string `json:"subject"`
	Bound    string `json:"bound"`
	Audience string `json:"audience"`
}

func newHardenedWorld(t *testing.T) *hardenedWorld {
	t.Helper()
	dir := t.TempDir()
	writeCertificates(t, dir)
	t.Setenv("SSL_CERT_FILE", filepath.Join(dir, "ca.crt"))
	w := &hardenedWorld{world: newWorld(t, authServerOptions{hardened: dir}), certificates: dir}
	startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	return w
}

// within is the same world for a subtest.
func (w *hardenedWorld) within(t *testing.T) *hardenedWorld {
	inner := *w.world
	inner.t = t
	return &hardenedWorld{world: &inner, certificates: w.certificates}
}

// manifest has a connection for each feature.
func (w *hardenedWorld) manifest() string {
	w.t.Helper()
	const server = `
    issuer: %s
    scopes: {required: [openid, offline_access], default: [mail.read]}
    authorization_request: {params: {prompt: consent}}
    api: {base_url: %s}
`
	key := filepath.Join(w.certificates, "client.pem")
	if err := os.WriteFile(key, []byte(w.as.Clients["fapi-client"].PrivateKey), 0o600); err != nil {
		w.t.Fatal(err)
	}
	text := "providers:\n  contoso:" + fmt.Sprintf(server, w.as.Issuer, w.as.APIURL) +
		"  contoso-tls:" + fmt.Sprintf(server, w.as.Issuer, w.as.TLSAPI) + "    tls_client_certificate_bound_access_tokens: true\n" +
		"  contoso-pushed:" + fmt.Sprintf(server, w.as.Issuer, w.as.APIURL) + "    require_pushed_authorization_requests: true\n" +
		"  contoso-asked:" + fmt.Sprintf(server, w.as.Issuer, w.as.APIURL) + "    introspection_endpoint: " + w.as.Issuer + "/token/introspection\n    token_response: {expires: introspect, expires_in: {pointer: /not_told}}\nclients:\n"
	for id, provider := range map[string]string{"basic-client": "contoso", "par-client": "contoso-pushed", "dpop-client": "contoso"} {
		c := w.as.Clients[id]
		text += fmt.Sprintf("  %s: {provider: %s, client_id: %s, client_secret: %q, token_endpoint_auth_method: client_secret_basic}\n", id, provider, c.ID, c.Secret)
	}
	for id, provider := range map[string]string{"key-client": "contoso", "fapi-client": "contoso-pushed"} {
		text += fmt.Sprintf("  %s: {provider: %s, client_id: %s, private_key: {file: %s}, token_endpoint_auth_method: private_key_jwt}\n", id, provider, id, key)
	}
	for id, method := range map[string]string{"mtls-client": "tls_client_auth", "self-client": "self_signed_tls_client_auth"} {
		file := filepath.Join(w.certificates, strings.TrimSuffix(id, "-client"))
		text += fmt.Sprintf("  %s: {provider: contoso-tls, client_id: %s, token_endpoint_auth_method: %s, private_key_path: %s.key, certificate_path: %s.crt}\n", id, id, method, file, file)
	}
	basic := w.as.Clients["basic-client"]
	text += fmt.Sprintf("  asked: {provider: contoso-asked, client_id: %s, client_secret: %q, token_endpoint_auth_method: client_secret_basic}\n", basic.ID, basic.Secret)
	text += "connections:\n" +
		"  par: {client: par-client}\n" +
		"  dpop: {client: dpop-client, dpop: required}\n" +
		"  mtls: {client: mtls-client}\n" +
		"  self: {client: self-client}\n" +
		"  key: {client: key-client}\n" +
		"  device: {client: basic-client}\n" +
		"  rotation: {client: basic-client}\n" +
		"  iss: {client: basic-client}\n" +
		"  introspected: {client: asked}\n" +
		"  revoked: {client: basic-client}\n" +
		"  resource: {client: basic-client, resources: [" + hardenedResource + "]}\n" +
		"  all: {client: fapi-client, dpop: required, resources: [" + hardenedResource + "]}\n"
	file := filepath.Join(w.t.TempDir(), "contoso.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// call calls the API, and holds its answer to the token being bound so.
func (w *hardenedWorld) call(connection, bound, audience string) {
	w.t.Helper()
	var got answered
	text := w.ok("call", connection, "/me?fields=all")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	if got != (answered{Subject: "maria", Bound: bound, Audience: audience}) {
		w.t.Fatalf("the API saw %+v", got)
	}
}

// live takes an authorized connection through the rest of its life.
func (w *hardenedWorld) live(connection, bound, audience string) {
	w.t.Helper()
	before := w.as.tokenRequests(w.t).Requests["refresh_token"]
	w.call(connection, bound, audience)
	w.as.expireAccessTokens(w.t)
	w.call(connection, bound, audience) // refused, renewed, sent again
	w.ok("refresh", connection)
	w.call(connection, bound, audience)
	after := w.as.tokenRequests(w.t)
	if got := after.Requests["refresh_token"].OK - before.OK; got != 2 {
		w.t.Fatalf("%d renewals, want 2; errors %+v", got, after.Errors)
	}
	if s := w.show(connection); s.State != "active" || !s.Renewable || s.Generation != 3 {
		w.t.Fatalf("%+v", s)
	}
	grants := w.grants()
	w.ok("revoke", connection)
	if left := w.grants(); left != grants-1 {
		w.t.Fatalf("%d grants stand at the provider, want %d", left, grants-1)
	}
	w.fails(4, "call", connection, "/me")
}

// grants is how many stand at the provider.
func (w *hardenedWorld) grants() int {
	w.t.Helper()
	var all []struct{}
	w.as.admin(w.t, "GET", "/grants", &all)
	return len(all)
}

// TestEveryFeatureOfARealServerServesAGrantsWholeLife takes the built binary
// through one feature of oidc-provider after the other, and through all that go
// together.
func TestEveryFeatureOfARealServerServesAGrantsWholeLife(t *testing.T) {
	world := newHardenedWorld(t)
	for _, test := range []struct {
		connection, bound, audience string
		before                      func(w *hardenedWorld)
	}{
		{connection: "par", before: authorizedBy("request_uri")},
		{connection: "dpop", bound: "key", before: authorizedBy("dpop_jkt")},
		{connection: "mtls", bound: "certificate"},
		{connection: "self", bound: "certificate"},
		{connection: "key"},
		{connection: "device", before: (*hardenedWorld).onAnotherDevice},
		{connection: "rotation"},
		{connection: "resource", audience: hardenedResource, before: authorizedBy("resource")},
		{connection: "iss", before: (*hardenedWorld).mixedUp},
		{connection: "introspected", before: (*hardenedWorld).introspected},
		{connection: "revoked"},
		{connection: "registered", before: (*hardenedWorld).registered},
		{connection: "all", bound: "key", audience: hardenedResource, before: authorizedBy("request_uri")},
	} {
		t.Run(test.connection, func(t *testing.T) {
			w := world.within(t)
			if test.before != nil {
				test.before(w)
			}
			if w.show(test.connection).State == "new" {
				w.authorize(test.connection)
			}
			w.live(test.connection, test.bound, test.audience)
			if test.connection == "registered" {
				w.deregistered()
			}
		})
	}
}

// authorizedBy holds the authorization request to a parameter. A pushed one
// holds nothing but the client and its reference.
func authorizedBy(parameter string) func(*hardenedWorld) {
	return func(w *hardenedWorld) {
		w.t.Helper()
		p := w.connect(strings.TrimPrefix(w.t.Name()[strings.LastIndex(w.t.Name(), "/"):], "/"))
		browser := newBrowser(w.t, "maria")
		browser.stopAt = w.as.Issuer
		at := browser.open(w.t, p.url)
		sent, err := url.Parse(at.URL)
		if err != nil {
			w.t.Fatal(err)
		}
		query := sent.Query()
		if query.Get(parameter) == "" || parameter == "request_uri" && (len(query) != 2 || query.Get("client_id") == "") {
			w.t.Fatalf("the browser is sent to %s", at.URL)
		}
	}
}

func (w *hardenedWorld) onAnotherDevice() {
	w.t.Helper()
	p := w.connectBy([]string{"connect", "--device"}, "device")
	browser := newBrowser(w.t, "maria")
	browser.code = p.next()
	if at := browser.authorize(w.t, p.url); at.Status != 200 {
		w.t.Fatalf("the browser ended at %s with %d:\n%s", at.URL, at.Status, at.Body)
	}
	if code := p.finish(); code != 0 {
		w.t.Fatalf("exit code %d\n%s", code, p.text)
	}
}

// mixedUp has the answer come from another server (RFC 9207 section 2.4): no
// code is sent anywhere.
func (w *hardenedWorld) mixedUp() {
	w.t.Helper()
	before := w.as.tokenRequests(w.t).Requests["authorization_code"]
	p := w.connect("iss")
	browser := newBrowser(w.t, "maria")
	browser.stopAt = "http://127.0.0.1:" + mustPort(w.t, p.url) + "/oauth/callback"
	at := browser.authorize(w.t, p.url)
	if !strings.Contains(at.URL, "iss="+url.QueryEscape(w.as.Issuer)) {
		w.t.Fatalf("the server does not name itself: %s", at.URL)
	}
	browser.stopAt = ""
	forged := strings.Replace(at.URL, "iss="+url.QueryEscape(w.as.Issuer), "iss="+url.QueryEscape("https://mallory.example"), 1)
	if at := browser.open(w.t, forged); at.Status < 400 {
		w.t.Fatalf("an answer of another server: %d", at.Status)
	}
	if code := p.finish(); code == 0 {
		w.t.Fatalf("exit code %d\n%s", code, p.text)
	}
	if after := w.as.tokenRequests(w.t).Requests["authorization_code"]; after != before {
		w.t.Fatalf("the code was sent all the same: %+v", after)
	}
}

func mustPort(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// introspected has the lifetime asked for, which no answer tells.
func (w *hardenedWorld) introspected() {
	w.t.Helper()
	w.authorize("introspected")
	var c struct {
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(w.ok("show", "introspected", "-o", "json")), &c); err != nil {
		w.t.Fatal(err)
	}
	if left := time.Until(c.ExpiresAt); left < 55*time.Minute || left > 65*time.Minute {
		w.t.Fatalf("it expires in %v", left)
	}
}

// registered makes the client that the connection uses (RFC 7591), and changes
// it (RFC 7592).
func (w *hardenedWorld) registered() {
	w.t.Helper()
	w.ok("client", "register", "made", "--provider", "contoso", "--by", "dynamic")
	w.ok("client", "register", "made", "--update", "--metadata", "client_name=Contoso mail")
	if shown := w.ok("client", "register", "made", "--show", "-o", "json"); !strings.Contains(shown, "Contoso mail") {
		w.t.Fatalf("%s", shown)
	}
	file := filepath.Join(w.t.TempDir(), "made.yaml")
	if err := os.WriteFile(file, []byte("connections:\n  registered: {client: made}\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.ok("apply", "-f", file)
}

func (w *hardenedWorld) deregistered() {
	w.t.Helper()
	w.ok("delete", "registered")
	w.ok("client", "register", "made", "--delete")
	w.fails(3, "client", "show", "made")
}

// writeCertificates makes an authority, the server's certificate, and two of
// clients: mtls by the authority, self by itself.
func writeCertificates(t *testing.T, dir string) {
	t.Helper()
	var authority *x509.Certificate
	var authorityKey *ecdsa.PrivateKey
	for i, name := range []string{"ca", "server", "mtls", "self"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name + "-client"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: name == "ca",
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		parent, signer := authority, authorityKey
		if name == "ca" || name == "self" {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		if name == "ca" {
			authorityKey = key
			if authority, err = x509.ParseCertificate(der); err != nil {
				t.Fatal(err)
			}
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for file, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
			if err := os.WriteFile(filepath.Join(dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
