package kms

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// metadataToken is where a machine of Google's gets its service account's token.
const metadataToken = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"

var gcpName = regexp.MustCompile(`^projects/[^/?#@ ]+/locations/[^/?#@ ]+/keyRings/[^/?#@ ]+/cryptoKeys/[^/?#@ ]+$`)

// gcp is a key of Google Cloud KMS.
type gcp struct {
	access Access
	uri    string
	base   string

	mu      sync.Mutex
	token   string
	expires time.Time
}

func openGCP(uri, name string, access Access) (Key, error) {
	if !gcpName.MatchString(name) {
		return nil, badURI(uri)
	}
	server := "https://cloudkms.googleapis.com"
	if own := access.Getenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS"); own != "" {
		server = strings.TrimRight(own, "/")
	}
	return &gcp{access: access, uri: uri, base: server + "/v1/" + name}, nil
}

// gcpMessage is the body of both requests and both answers.
type gcpMessage struct {
	Plaintext                   []byte `json:"plaintext,omitempty"`
	Ciphertext                  []byte `json:"ciphertext,omitempty"`
	AdditionalAuthenticatedData []byte `json:"additionalAuthenticatedData,omitempty"`
}

// Encrypt asks Google to encrypt.
func (g *gcp) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	answer, err := g.ask("encrypt", gcpMessage{Plaintext: plaintext, AdditionalAuthenticatedData: associatedData})
	return answer.Ciphertext, err
}

// Decrypt asks Google to decrypt.
func (g *gcp) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	answer, err := g.ask("decrypt", gcpMessage{Ciphertext: ciphertext, AdditionalAuthenticatedData: associatedData})
	return answer.Plaintext, err
}

func (g *gcp) ask(verb string, body gcpMessage) (answer gcpMessage, err error) {
	token, err := g.bearer()
	if err != nil {
		return answer, err
	}
	err = g.access.ask(question{
		key: g.uri, url: g.base + ":" + verb, header: http.Header{"Authorization": {"Bearer " + token}}, body: body,
		help: "check that the service account has the role roles/cloudkms.cryptoKeyEncrypterDecrypter on this key, and that the key is the one that sealed this database",
	}, &answer)
	return answer, err
}

// bearer is the token to show: the operator's, or the machine's service account's.
func (g *gcp) bearer() (string, error) {
	token, err := g.access.secretOf("GOOGLE_OAUTH_ACCESS_TOKEN")
	if err != nil || token != "" {
		return token, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.access.Now().Before(g.expires) {
		return g.token, nil
	}
	address := metadataToken
	if host := g.access.Getenv("GCE_METADATA_HOST"); host != "" {
		address = strings.Replace(metadataToken, "metadata.google.internal", host, 1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", badURI(g.uri)
	}
	r.Header.Set("Metadata-Flavor", "Google")
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"` // seconds
	}
	if err := g.access.send(r, question{key: g.uri, help: "give this machine a service account"}, &answer); err != nil {
		return "", fault.Wrap(err, fault.As(err).Code, "this machine has no service account's token for %s: %s", g.uri, fault.As(err).Message).
			WithHint("run it with a service account, or set GOOGLE_OAUTH_ACCESS_TOKEN_FILE")
	}
	if answer.AccessToken == "" {
		return "", fault.New(api.CodeNeedsConfiguration, "this machine has no service account").WithHint("set GOOGLE_OAUTH_ACCESS_TOKEN_FILE")
	}
	g.token, g.expires = answer.AccessToken, g.access.Now().Add(time.Duration(answer.ExpiresIn)*time.Second-time.Minute)
	return g.token, nil
}
