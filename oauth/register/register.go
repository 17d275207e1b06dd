package register

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// The errors of a registration (RFC 7591 §3.2.2).
const (
	CodeInvalidRedirectURI          = "invalid_redirect_uri"
	CodeInvalidClientMetadata       = "invalid_client_metadata"
	CodeInvalidSoftwareStatement    = "invalid_software_statement"
	CodeUnapprovedSoftwareStatement = "unapproved_software_statement"
)

// Request registers a client (RFC 7591 §3.1).
type Request struct {
	Endpoint           string // registration_endpoint
	InitialAccessToken string // "": the server registers anyone
	Metadata           Metadata
	AllowInsecure      bool // the endpoint may be http anywhere
}

// Registration is what a server answered (RFC 7591 §3.2.1, RFC 7592 §3). It
// redacts itself wherever it is printed; Text gives all of it, to be sealed.
type Registration struct {
	ClientID        string
	ClientSecret    string    // "": none was issued
	SecretExpiresAt time.Time // zero: never, or none was issued
	ClientURI       string    // registration_client_uri: where it is managed; "": it cannot be
	AccessToken     string    // registration_access_token
	Metadata        Metadata  // as registered, which may differ from what was asked for
}

// document is a Registration on the wire.
type document struct {
	ClientID        string      `json:"client_id"`
	ClientSecret    string      `json:"client_secret,omitempty"`
	SecretExpiresAt json.Number `json:"client_secret_expires_at,omitempty"`
	ClientURI       string      `json:"registration_client_uri,omitempty"`
	AccessToken     string      `json:"registration_access_token,omitempty"`
}

// HTTP builds the request: a POST of JSON, which net/http does not repeat. The
// error is an *oauth.Error.
func (r Request) HTTP(ctx context.Context) (*http.Request, error) {
	if err := r.Metadata.check(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(r.Metadata)
	if err != nil {
		return nil, misconfigured(oauth.CodeInvalidRequest, "the client's metadata cannot be written as JSON")
	}
	return message{http.MethodPost, "registration endpoint", r.Endpoint, r.InitialAccessToken, body, r.AllowInsecure}.http(ctx)
}

// message is a request before it is built.
type message struct {
	method, name, url, token string
	body                     []byte
	insecure                 bool
}

func (m message) http(ctx context.Context) (*http.Request, error) {
	var options []oauth.Option
	if m.insecure {
		options = append(options, oauth.AllowInsecure)
	}
	if err := oauth.CheckEndpoint(m.url, options...); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(m.token, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return nil, misconfigured(oauth.CodeInvalidRequest, "the access token for the "+m.name+" holds characters that a header cannot")
	}
	var body io.Reader
	if m.body != nil {
		body = io.NopCloser(bytes.NewReader(m.body)) // no second client by a repeated request
	}
	req, err := http.NewRequestWithContext(ctx, m.method, m.url, body)
	if err != nil {
		return nil, misconfigured(oauth.CodeInvalidEndpoint, "the "+m.name+" cannot be requested")
	}
	req.Header.Set("Accept", "application/json")
	if m.body != nil {
		req.ContentLength = int64(len(m.body))
		req.Header.Set("Content-Type", "application/json")
	}
	if m.token != "" {
		req.Header.Set("Authorization", "Bearer "+m.token)
	}
	return req, nil
}

// Judge reads the answer to a registration, or to one that was read or changed,
// and closes its body. received is the moment it began, secrets what must not
// come back in an error's words. The error is an *oauth.Error.
func Judge(resp *http.Response, received time.Time, secrets ...string) (Registration, error) {
	answer, err := oauth.ReadResponse(resp, received)
	if err != nil {
		return Registration{}, err
	}
	if answer.Status != http.StatusOK && answer.Status != http.StatusCreated {
		return Registration{}, refusal(answer, secrets)
	}
	registered, err := Parse(answer.Body)
	if err != nil {
		return Registration{}, &oauth.Error{Code: oauth.CodeInvalidResponse, Status: answer.Status, Description: "the answer to the registration holds no client_id", Action: oauth.ActionConfigure}
	}
	return registered, nil
}

// refusal is what the server's error says, in the words of a token endpoint:
// RFC 7591 §3.2.2 has the same shape.
func refusal(answer oauth.Response, secrets []string) error {
	rules := oauth.ResponseRules{}
	rules.Asked.Redact = secrets
	_, err := answer.Token(rules)
	var refused *oauth.Error
	if !errors.As(err, &refused) || answer.Status < 300 {
		return &oauth.Error{Code: oauth.CodeInvalidResponse, Status: answer.Status, Description: "the answer is none that a registration has", Action: oauth.ActionConfigure}
	}
	if answer.Status < 500 && answer.Status != http.StatusTooManyRequests {
		refused.Action = oauth.ActionConfigure
	}
	refused.Salvage = nil
	return refused
}

// Parse reads a Registration as a server writes it, or as Text does.
func Parse(text []byte) (Registration, error) {
	var said document
	var metadata Metadata
	if err := errors.Join(json.Unmarshal(text, &said), json.Unmarshal(text, &metadata)); err != nil || said.ClientID == "" {
		return Registration{}, misconfigured(oauth.CodeInvalidResponse, "the registration cannot be read")
	}
	r := Registration{ClientID: said.ClientID, ClientSecret: said.ClientSecret, ClientURI: said.ClientURI, AccessToken: said.AccessToken, Metadata: metadata}
	if seconds, err := said.SecretExpiresAt.Int64(); err == nil && seconds > 0 && said.ClientSecret != "" {
		r.SecretExpiresAt = time.Unix(seconds, 0).UTC() // 0 is never
	}
	return r, nil
}

// Text is all of a registration in JSON, to be sealed.
func (r Registration) Text() ([]byte, error) {
	said := map[string]any{}
	for _, part := range []any{document{ClientID: r.ClientID, ClientSecret: r.ClientSecret, ClientURI: r.ClientURI, AccessToken: r.AccessToken}, r.Metadata} {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, misconfigured(oauth.CodeInvalidRequest, "the registration cannot be written as JSON")
		}
		if err := json.Unmarshal(text, &said); err != nil {
			return nil, misconfigured(oauth.CodeInvalidRequest, "the registration cannot be written as JSON")
		}
	}
	if !r.SecretExpiresAt.IsZero() {
		said["client_secret_expires_at"] = r.SecretExpiresAt.Unix()
	}
	return json.Marshal(said)
}

// String tells the client, no secret.
func (r Registration) String() string { return "registration of " + r.ClientID }

// GoString is String: %#v must not show more.
func (r Registration) GoString() string { return "register.Registration{" + r.String() + "}" }

// Format redacts for every verb.
func (r Registration) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r Registration) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts: only Text gives the secrets.
func (r Registration) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
