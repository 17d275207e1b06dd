package register

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"

	"github.com/valetkey/valetkey/oauth"
)

// Metadata is what a client says of itself (RFC 7591 §2). In JSON it is one
// flat object.
type Metadata struct {
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	Method       string   `json:"token_endpoint_auth_method,omitempty"`
	SigningAlg   string   `json:"token_endpoint_auth_signing_alg,omitempty"`
	Shape
	Keys
	// DPoPBoundAccessTokens has the server give bound tokens only (RFC 9449 §5.2).
	DPoPBoundAccessTokens bool `json:"dpop_bound_access_tokens,omitempty"`
	// Further are members besides these, by name. One that is above, or that the
	// server alone says, is left out.
	Further map[string]any `json:"-"`
}

// Shape is what kind of client it is.
type Shape struct {
	ClientName      string   `json:"client_name,omitempty"`
	ClientURI       string   `json:"client_uri,omitempty"`
	GrantTypes      []string `json:"grant_types,omitempty"`
	ResponseTypes   []string `json:"response_types,omitempty"`
	Scope           string   `json:"scope,omitempty"`
	ApplicationType string   `json:"application_type,omitempty"` // web, native (OpenID Connect Registration §2)
}

// Keys are what the client's signatures are verified with: one of the two.
type Keys struct {
	JWKS    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI string          `json:"jwks_uri,omitempty"`
}

// plain is Metadata without its methods.
type plain Metadata

// MarshalJSON writes one flat object.
func (m Metadata) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(plain(m))
	if err != nil || len(m.Further) == 0 {
		return text, err
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	all := maps.Clone(m.Further)
	maps.DeleteFunc(all, func(name string, value any) bool { return value == nil || servers(name) })
	maps.Copy(all, object)
	return json.Marshal(all)
}

// UnmarshalJSON reads one flat object. What the server alone says is left out.
func (m *Metadata) UnmarshalJSON(text []byte) error {
	var known plain
	if err := json.Unmarshal(text, &known); err != nil {
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, name := range names(reflect.TypeFor[plain]()) {
		delete(all, name)
	}
	maps.DeleteFunc(all, func(name string, value any) bool { return value == nil || servers(name) })
	*m = Metadata(known)
	if string(m.JWKS) == "null" {
		m.JWKS = nil
	}
	if m.Further = nil; len(all) > 0 {
		m.Further = all
	}
	return nil
}

// names are the members that a struct has in JSON.
func names(of reflect.Type) []string {
	var all []string
	for field := range of.NumField() {
		f := of.Field(field)
		if f.Anonymous {
			all = append(all, names(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, name)
	}
	return all
}

// servers tells by its name whether the server alone says a member (RFC 7591
// §3.2.1, RFC 7592 §2.2).
func servers(name string) bool {
	switch name {
	case "client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at",
		"registration_access_token", "registration_client_uri":
		return true
	}
	return false
}

// check holds the metadata to what no server may accept.
func (m Metadata) check() error {
	if len(m.JWKS) > 0 && m.JWKSURI != "" {
		return misconfigured(oauth.CodeInvalidRequest, "the client's keys are given twice; keep one of jwks and jwks_uri (RFC 7591 §2)")
	}
	return nil
}

func misconfigured(code, description string) *oauth.Error {
	return &oauth.Error{Code: code, Description: description, Action: oauth.ActionConfigure}
}
