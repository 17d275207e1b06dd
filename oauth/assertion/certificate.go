package assertion

import (
	"crypto"
	"crypto/sha1" //nolint:gosec // x5t is defined by SHA-1 (RFC 7515 §4.1.7); it names the certificate, nothing rests on it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"time"
)

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// WithCertificate gives the key together with its certificate, in PEM, with
// the chain or without. One of the certificates must be the key's own; it
// becomes the leaf. The error is an *oauth.Error.
func (k Key) WithCertificate(chainPEM []byte) (Key, error) {
	if len(chainPEM) > maxKeyText {
		return Key{}, unusable("the certificate is longer than 128 KiB; this is another file")
	}
	var chain []*x509.Certificate
	for _, block := range pemBlocks(chainPEM) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Key{}, unusable("the certificate cannot be read; export it again in PEM")
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return Key{}, unusable("this is no certificate; give it in PEM (-----BEGIN CERTIFICATE-----)")
	}
	return k.withChain(chain)
}

// withChain puts the key's own certificate first.
func (k Key) withChain(chain []*x509.Certificate) (Key, error) {
	public, ok := k.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return Key{}, unusable("only a private key can have a certificate")
	}
	i := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return public.Equal(c.PublicKey) })
	if i < 0 {
		return Key{}, unusable("the certificate with the SHA-1 thumbprint %X belongs to another private key; give the certificate and the key of one pair", sha1.Sum(chain[0].Raw))
	}
	k.chain = slices.Insert(slices.Delete(slices.Clone(chain), i, i+1), 0, chain[i])
	return k, nil
}

// certificateHeader gives the header members that name the certificate.
func (k Key) certificateHeader(h Header, now time.Time) (map[string]any, error) {
	out := map[string]any{}
	if !h.X5T && !h.X5TS256 && !h.X5C {
		return out, nil
	}
	if len(k.chain) == 0 {
		return nil, unusable("the assertion is to name a certificate, and the key has none; give the certificate in PEM beside the key")
	}
	leaf := k.chain[0]
	if now.After(leaf.NotAfter) {
		return nil, unusable("the certificate ended on %s; make a new one and register it with the provider", leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	if h.X5T {
		sum := sha1.Sum(leaf.Raw)
		out["x5t"] = encode(sum[:])
	}
	if h.X5TS256 {
		sum := sha256.Sum256(leaf.Raw)
		out["x5t#S256"] = encode(sum[:])
	}
	if h.X5C { // standard base64, with padding: RFC 7515 §4.1.6
		all := make([]string, len(k.chain))
		for i, c := range k.chain {
			all[i] = base64.StdEncoding.EncodeToString(c.Raw)
		}
		out["x5c"] = all
	}
	return out, nil
}
