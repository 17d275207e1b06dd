package register

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// Managed reports whether the server lets the registration be read and changed
// (RFC 7592 §1.2).
func (r Registration) Managed() bool { return r.ClientURI != "" && r.AccessToken != "" }

// Read builds the request that reads the registration (RFC 7592 §2.1); its
// answer is for [Judge].
func (r Registration) Read(ctx context.Context, options ...oauth.Option) (*http.Request, error) {
	return r.manage(ctx, http.MethodGet, nil, options)
}

// Update builds the request that replaces the metadata by other (RFC 7592
// §2.2); its answer is for [Judge]. What is left out of metadata is gone.
func (r Registration) Update(ctx context.Context, metadata Metadata, options ...oauth.Option) (*http.Request, error) {
	if err := metadata.check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(metadata)
	if err != nil {
		return nil, misconfigured(oauth.CodeInvalidRequest, "the client's metadata cannot be written as JSON")
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, misconfigured(oauth.CodeInvalidRequest, "the client's metadata cannot be written as JSON")
	}
	all["client_id"] = r.ClientID
	if r.ClientSecret != "" {
		all["client_secret"] = r.ClientSecret
	}
	body, err := json.Marshal(all)
	if err != nil {
		return nil, misconfigured(oauth.CodeInvalidRequest, "the client's metadata cannot be written as JSON")
	}
	return r.manage(ctx, http.MethodPut, body, options)
}

// Delete builds the request that ends the registration (RFC 7592 §2.3); its
// answer is for [JudgeDeletion].
func (r Registration) Delete(ctx context.Context, options ...oauth.Option) (*http.Request, error) {
	return r.manage(ctx, http.MethodDelete, nil, options)
}

func (r Registration) manage(ctx context.Context, method string, body []byte, options []oauth.Option) (*http.Request, error) {
	if !r.Managed() {
		return nil, misconfigured(oauth.CodeInvalidEndpoint, "the server named no address to manage the registration at")
	}
	insecure := len(options) > 0 && options[0] == oauth.AllowInsecure
	return message{method, "registration's address", r.ClientURI, r.AccessToken, body, insecure}.http(ctx)
}

// After is the registration as an answer changes it: what the answer does not
// repeat stays, what it brings anew replaces the old at once (RFC 7592 §2.1,
// §2.2, §7).
func (r Registration) After(answer Registration) Registration {
	if answer.ClientSecret == "" {
		answer.ClientSecret, answer.SecretExpiresAt = r.ClientSecret, r.SecretExpiresAt
	}
	if answer.AccessToken == "" {
		answer.AccessToken = r.AccessToken
	}
	if answer.ClientURI == "" {
		answer.ClientURI = r.ClientURI
	}
	return answer
}

// JudgeDeletion reads the answer to Delete and closes its body. A registration
// that is gone already counts as deleted.
func JudgeDeletion(resp *http.Response, received time.Time, secrets ...string) error {
	answer, err := oauth.ReadResponse(resp, received)
	if err != nil {
		return err
	}
	switch {
	case answer.Status >= 200 && answer.Status < 300, answer.Status == http.StatusNotFound, answer.Status == http.StatusGone:
		return nil
	}
	return refusal(answer, secrets)
}
