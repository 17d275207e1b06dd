package assertion

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

const (
	maxKeyText = 128 << 10 // a key with a long chain has less
	minRSABits = 2048      // RFC 7518 §3.3
	maxRSABits = 16384
)

const (
	remedyEncrypted = "the private key is encrypted; decrypt it first: openssl pkey -in key.pem -out plain.pem"
	remedyPublic    = "this is a public key; give the private key that it belongs to"
	remedyOpenSSH   = "the private key is in OpenSSH's own format; convert it first: ssh-keygen -p -m PKCS8 -f key.pem"
	remedyBinary    = "the key is not text; convert it to PEM first: openssl pkcs12 -in key.p12 -nodes -out key.pem, or openssl pkey -inform DER -in key.der -out key.pem"
	remedyNothing   = "this is no key; give a private key in PEM (-----BEGIN PRIVATE KEY-----) or as a JWK ({\"kty\":…})"
)

// ParseKey reads a private key: PEM (PKCS#8, PKCS#1, SEC 1), alone or with
// its certificate chain; a JWK (RFC 7517); or the JSON file in which a service
// account's key is handed out, with private_key and private_key_id. RSA needs
// at least 2048 bits; EC is P-256, P-384 or P-521; Ed25519. Line breaks written
// as \n are understood. The error is an *oauth.Error that says what to change
// and shows nothing of the input.
func ParseKey(text []byte) (Key, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		return Key{}, unusable("the key is empty; %s", remedyNothing[len("this is no key; "):])
	case len(text) > maxKeyText:
		return Key{}, unusable("the key is longer than 128 KiB; this is another file")
	case text[0] == '{':
		return parseJSONKey(text)
	case text[0] == 0x30 && bytes.IndexByte(text, 0) >= 0:
		return Key{}, unusable(remedyBinary)
	}
	return parsePEM(text)
}

// parsePEM takes the one private key among the blocks, and the certificates.
func parsePEM(text []byte) (Key, error) {
	var key Key
	var chain []*x509.Certificate
	public := false
	for _, block := range pemBlocks(text) {
		switch {
		case block.Type == "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return Key{}, unusable("a certificate beside the key cannot be read; export it again")
			}
			chain = append(chain, cert)
		case strings.HasSuffix(block.Type, "PUBLIC KEY"):
			public = true
		case strings.HasSuffix(block.Type, "PRIVATE KEY") && key.material != nil:
			return Key{}, unusable("there are two private keys; give one")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			material, err := parsePrivate(block)
			if err != nil {
				return Key{}, err
			}
			key.material = material
		}
	}
	if key.material == nil {
		return Key{}, noPrivateKey(text, public, len(chain) > 0)
	}
	if len(chain) > 0 {
		return key.withChain(chain)
	}
	return key, nil
}

// noPrivateKey says what the text is instead.
func noPrivateKey(text []byte, public, certificate bool) error {
	switch {
	case public:
		return unusable(remedyPublic)
	case certificate:
		return unusable("this is a certificate; give the private key that it belongs to, alone or in the same file")
	case bytes.Contains(text, []byte("PRIVATE KEY-----")):
		return unusable("the PEM is damaged; copy it whole, from -----BEGIN to -----END, line breaks included")
	}
	return unusable(remedyNothing)
}

// pemBlocks reads all blocks. A key that went through an environment variable
// or a JSON string often has its line breaks written out.
func pemBlocks(text []byte) []*pem.Block {
	var blocks []*pem.Block
	if !bytes.ContainsRune(text, '\n') {
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(`\r`), nil), []byte(`\n`), []byte("\n"))
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return blocks
		}
		blocks = append(blocks, block)
	}
}

func parsePrivate(block *pem.Block) (any, error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, unusable(remedyEncrypted)
	case block.Type == "OPENSSH PRIVATE KEY":
		return nil, unusable(remedyOpenSSH)
	}
	// The label is wrong often enough to go by the content.
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return checkMaterial(key)
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return checkMaterial(key)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil { // its text may quote the input
		return nil, unusable("the private key cannot be read: it is damaged, or none of RSA, EC (P-256, P-384, P-521) and Ed25519; openssl pkey -in key.pem -noout -text_pub tells which")
	}
	return checkMaterial(key)
}

// checkMaterial refuses keys that nothing should be signed with.
func checkMaterial(key any) (any, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		bits := k.N.BitLen()
		if bits < minRSABits || bits > maxRSABits {
			return nil, unusable("the RSA key has %d bits, and %d to %d are needed; make a new one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out key.pem", bits, minRSABits, maxRSABits)
		}
		if k.Validate() != nil {
			return nil, unusable("the numbers of the RSA key do not belong together; export it again")
		}
	case *ecdsa.PrivateKey:
		if len(algsOf(k)) == 0 {
			return nil, unusable("the EC key is on %s; P-256, P-384 and P-521 can be used", k.Curve.Params().Name)
		}
	case ed25519.PrivateKey:
	default:
		return nil, unusable("the private key is of a kind that cannot sign; RSA, EC and Ed25519 can be used")
	}
	return key, nil
}
