package kms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	// Timeout bounds one request to a key service.
	Timeout = 10 * time.Second
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 1 << 20
)

// Access is how a key service is reached.
type Access struct {
	HTTP interface {
		Do(*http.Request) (*http.Response, error)
	}
	Getenv func(string) string
	Now    func() time.Time
}

// Key is a key in a key service.
type Key interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// Open returns the key that a URI names. The service is not asked yet.
func Open(uri string, access Access) (Key, error) {
	scheme, rest, _ := strings.Cut(uri, "://")
	switch scheme {
	case "hcvault":
		return openVault(uri, rest, access)
	case "aws-kms":
		return openAWS(uri, rest, access)
	case "gcp-kms":
		return openGCP(uri, rest, access)
	}
	return nil, badURI(uri)
}

func badURI(uri string) error {
	if before, _, found := strings.Cut(uri, "@"); found && strings.Contains(before, "://") {
		uri = "given" // it may hold a password
	}
	return fault.New(api.CodeNeedsConfiguration, "the master key %s cannot be read", uri).
		WithHint("set VALETKEY_MASTER_KEY to file:///path, env:NAME, hcvault://HOST/transit/keys/NAME, aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID or gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K")
}

// secretOf reads a variable, or the file that its _FILE twin names.
func (a Access) secretOf(name string) (string, error) {
	if value := a.Getenv(name); value != "" {
		return value, nil
	}
	path := a.Getenv(name + "_FILE")
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the file that %s_FILE names cannot be read", name).WithHint("check %s_FILE", name)
	}
	return strings.TrimSpace(string(text)), nil
}

// question is one request to a key service.
type question struct {
	key    string // its URI, for messages
	url    string
	header http.Header
	body   any
	sign   func(r *http.Request, body []byte) error // nil: the header is enough
	help   string                                   // what to check when it refuses
}

// ask sends a question as JSON and reads the answer.
func (a Access) ask(q question, answer any) error {
	body, err := json.Marshal(q.body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.url, bytes.NewReader(body))
	if err != nil {
		return badURI(q.key)
	}
	r.Header = q.header.Clone()
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.sign != nil {
		if err := q.sign(r, body); err != nil {
			return err
		}
	}
	return a.send(r, q, answer)
}

func (a Access) send(r *http.Request, q question, answer any) error {
	res, err := a.HTTP.Do(r)
	if err != nil {
		var transport *url.Error
		if errors.As(err, &transport) {
			err = transport.Err
		}
		return fault.Wrap(err, api.CodeUnreachable, "the key service of %s cannot be reached: %s", q.key, err).
			WithHint("make it reachable for this server; nothing was changed")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil || res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return fault.Wrap(err, api.CodeUnreachable, "the key service of %s answers %s", q.key, res.Status).
			WithHint("try again once it works; nothing was changed")
	}
	if res.StatusCode >= 300 {
		return fault.New(api.CodeNeedsConfiguration, "the key service refuses %s: %s%s", q.key, res.Status, said(text)).
			WithHint("%s; nothing was changed", q.help)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fault.New(api.CodeUnreachable, "what answers for %s is not its key service", q.key).
			WithHint("check the address in VALETKEY_MASTER_KEY; nothing was changed")
	}
	return nil
}

// said is what a service writes about its refusal, in one of three forms.
func said(text []byte) string {
	var problem struct {
		Errors  []string `json:"errors"` // Vault
		Message string   `json:"message"`
		Error   struct {
			Message string `json:"message"` // Google
		} `json:"error"`
	}
	_ = json.Unmarshal(text, &problem) // a refusal without words is one all the same
	words := strings.Join(append(problem.Errors, problem.Message, problem.Error.Message), " ")
	if words = strings.TrimSpace(words); words == "" {
		return ""
	}
	if len(words) > 300 {
		words = words[:300]
	}
	return " (" + words + ")"
}
