package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// selfSigned is a certificate for 127.0.0.1 that is its own authority.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "postgres"},
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: sealed})
}

func TestTheServersCertificateIsCheckedAsTheURLSays(t *testing.T) {
	server := pgtest.Start(t)
	certificate, key := selfSigned(t)
	server.File(t, "server.crt", certificate)
	server.File(t, "server.key", key)
	server.Exec(t, `ALTER SYSTEM SET ssl = on`)
	server.Stop()
	server.Restart(t)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	write(t, authority, certificate)

	with := func(mode, root string) string {
		return at(server, func(u *url.URL) { u.RawQuery = url.Values{"sslmode": {mode}, "sslrootcert": {root}}.Encode() })
	}
	other, _ := selfSigned(t)
	stranger := filepath.Join(t.TempDir(), "other.pem")
	write(t, stranger, other)
	for _, address := range []string{with("require", ""), with("verify-full", authority)} {
		db := openURL(t, address)
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := store.Open(t.Context(), store.Config{URL: with("verify-full", stranger)})
	wantSafeFault(t, err, api.CodeNeedsConfiguration, "certificate that is not trusted")
	wrongName := at(server, func(u *url.URL) {
		u.Host = net.JoinHostPort("localhost", u.Port())
		u.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {authority}}.Encode()
	})
	_, err = store.Open(t.Context(), store.Config{URL: wrongName})
	wantSafeFault(t, err, api.CodeNeedsConfiguration, "certificate that is not trusted")
}
