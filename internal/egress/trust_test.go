package egress

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// foreignCA signed none of the certificates here.
const foreignCA = `-----BEGIN CERTIFICATE-----
MIIBizCCATGgAwIBAgIUVliKsuy4CyHRmPjQZyGLjrynQWkwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPZm9yZWlnbi5leGFtcGxlMCAXDTI2MTEyMTA3MDY1OFoYDzIx
MjYxMDI4MDcwNjU4WjAaMRgwFgYDVQQDDA9mb3JlaWduLmV4YW1wbGUwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAASo9ot9lkEmt6VN2a81NNyZLhxUe80CI6JeDjYw
9Txp6XieXl60K2FamyUsqMh0MIlwemxSXn+iNZvT6uwNzAbbo1MwUTAdBgNVHQ4E
FgQUK8jSjGOyxZiO3c+srXiiPZy3iXwwHwYDVR0jBBgwFoAUK8jSjGOyxZiO3c+s
rXiiPZy3iXwwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAuPFCk
cys05fhTNGpvPDbyL/6Hw22/iImmHTVnNpbGigIhAMGMLl7hNWY83Wa7wy9cI6b9
ieU83RtTndCHnmJiUwxv
-----END CERTIFICATE-----`

// private is a server whose certificate no machine trusts, and that certificate.
func private(t *testing.T) (server *httptest.Server, port, ca string) {
	t.Helper()
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.RemoteAddr)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, _ = net.SplitHostPort(server.Listener.Addr().String())
	return server, port, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// through sends a GET under a Trust.
func through(t *testing.T, e *Egress, trust Trust, target string) (string, error) {
	t.Helper()
	way, err := e.Trusting(trust)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := way.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestP23_ANamedAuthorityIsTheOnlyOne(t *testing.T) {
	server, port, ca := private(t)
	e := New(Config{AllowLoopback: true, RootCAs: trust(server)})
	t.Cleanup(e.CloseIdleConnections)
	if body, err := through(t, e, Trust{CA: ca}, server.URL); err != nil || body[:6] != "HTTP/2" {
		t.Errorf("%q, %v", body, err)
	}
	_, err := through(t, e, Trust{CA: ca}, "https://localhost:"+port)
	expect(t, err, "not for this host")
	_, err = through(t, e, Trust{CA: foreignCA}, server.URL)
	expect(t, err, "signed by an authority that this machine does not trust")
}

func TestP23_TheNameMayBeLetGoOnlyWithAnAuthority(t *testing.T) {
	_, port, ca := private(t)
	e := New(Config{AllowLoopback: true})
	t.Cleanup(e.CloseIdleConnections)
	for range 2 { // the second time over the same session
		if _, err := through(t, e, Trust{CA: ca, AnyName: true}, "https://localhost:"+port); err != nil {
			t.Error(err)
		}
		e.CloseIdleConnections()
	}
	_, err := through(t, e, Trust{CA: foreignCA, AnyName: true}, "https://localhost:"+port)
	expect(t, err, "signed by an authority that this machine does not trust")
	if _, err = e.Trusting(Trust{AnyName: true}); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("nothing was named, and: %v", err)
	}
	if _, err = e.Trusting(Trust{CA: "junk"}); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("junk was named, and: %v", err)
	}
}

func TestP22_PoolsOfDifferentTrustAreApart(t *testing.T) {
	server, _, ca := private(t)
	e := New(Config{AllowLoopback: true, RootCAs: trust(server)})
	t.Cleanup(e.CloseIdleConnections)
	from := make(map[string]bool)
	for _, trust := range []Trust{{}, {CA: ca}, {CA: ca, AnyName: true}, {CA: ca}, {}} {
		peer, err := through(t, e, trust, server.URL)
		if err != nil {
			t.Fatal(err)
		}
		from[peer] = true
	}
	if len(from) != 3 {
		t.Errorf("%d network connections for 3 kinds of trust", len(from))
	}
}

func TestP03_TheGuardStandsBeforeEveryTrust(t *testing.T) {
	server, _, ca := private(t)
	_, err := through(t, New(Config{}), Trust{CA: ca}, server.URL)
	if !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("got %v", err)
	}
}

func TestTransportsOfOldTrustsAreLetGo(t *testing.T) {
	_, _, ca := private(t)
	e := New(Config{})
	for i := range maxTrusts + 10 {
		if _, err := e.Trusting(Trust{CA: ca + strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.trusts.known); n != maxTrusts {
		t.Errorf("%d are kept", n)
	}
}

// pairOf makes a key with a certificate that it signed itself, in PEM.
func pairOf(t *testing.T, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...)
}

func TestP22_EachCertificateOfOursHasAPoolOfItsOwn(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = io.WriteString(w, name)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	e := New(Config{AllowLoopback: true, RootCAs: trust(server)})
	t.Cleanup(e.CloseIdleConnections)
	a, b := pairOf(t, "a"), pairOf(t, "b")
	for _, step := range []struct {
		pair []byte
		want string
	}{{a, "a"}, {b, "b"}, {nil, "nobody"}, {a, "a"}} {
		if got, err := through(t, e, Trust{Pair: step.pair}, server.URL); err != nil || got != step.want {
			t.Errorf("the host saw %q, %v, want %q", got, err, step.want)
		}
	}
	// The machine's authorities still count, since none was named.
	_, err := through(t, New(Config{AllowLoopback: true}), Trust{Pair: a}, server.URL)
	expect(t, err, "does not trust")
}

func TestRFC8705_2_2_ACertificateByNoAuthorityOfTheHostIsShown(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strconv.Itoa(len(r.TLS.PeerCertificates)))
	}))
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pairOf(t, "the only authority"))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: authorities}
	server.StartTLS()
	t.Cleanup(server.Close)
	e := New(Config{AllowLoopback: true, RootCAs: trust(server)})
	t.Cleanup(e.CloseIdleConnections)
	if got, err := through(t, e, Trust{Pair: pairOf(t, "self-signed")}, server.URL); err != nil || got != "1" {
		t.Errorf("the host saw %q certificates, %v", got, err)
	}
}

func TestAPairThatIsNoneIsNotShown(t *testing.T) {
	block, _ := pem.Decode(pairOf(t, "a"))
	_, err := New(Config{}).Trusting(Trust{Pair: pem.EncodeToMemory(block)})
	if found := fault.As(err); found.Code != api.CodeNeedsConfiguration || found.Hint == "" {
		t.Errorf("got %v", err)
	}
}
