package idtoken

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// Alg is a signature algorithm by its JOSE name.
type Alg string

// The algorithms an ID token can be verified with.
const (
	RS256 Alg = "RS256" // what a provider that says nothing uses (OIDC §2)
	RS384 Alg = "RS384"
	RS512 Alg = "RS512"
	PS256 Alg = "PS256"
	PS384 Alg = "PS384"
	PS512 Alg = "PS512"
	ES256 Alg = "ES256"
	ES384 Alg = "ES384"
	ES512 Alg = "ES512"
	EdDSA Alg = "EdDSA"
)

func known() []Alg {
	return []Alg{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA}
}

// Allowed makes the allow-list of what a provider says it signs ID tokens
// with: what of it can be verified, so neither none nor a MAC. A provider that
// says nothing uses RS256.
func Allowed(supported []string) []Alg {
	if len(supported) == 0 {
		return []Alg{RS256}
	}
	out := []Alg{}
	for _, a := range known() {
		if slices.Contains(supported, string(a)) {
			out = append(out, a)
		}
	}
	return out
}

// Metadata is a provider's metadata with the members that ID tokens need.
type Metadata struct {
	Server  oauth.Server
	JWKSURI string // empty when the provider names none
	Algs    []Alg  // see Allowed
}

// ReadMetadata judges the answer to an oauth.MetadataRequest like
// oauth.ReadMetadata, and reads jwks_uri and
// id_token_signing_alg_values_supported besides (OpenID Connect Discovery §3,
// issuer checked as in §4.3). It closes the body. The error is an *oauth.Error.
func ReadMetadata(resp *http.Response, issuer string, now time.Time, opts ...oauth.Option) (Metadata, error) {
	r, err := oauth.ReadResponse(resp, now)
	if err != nil {
		return Metadata{}, err
	}
	if r.Status != http.StatusOK {
		return Metadata{}, badStatus(r, "no metadata at this address")
	}
	return ParseMetadata(issuer, r.Body, opts...)
}

// ParseMetadata is oauth.ParseMetadata with the members that ID tokens need.
func ParseMetadata(issuer string, body []byte, opts ...oauth.Option) (Metadata, error) {
	server, err := oauth.ParseMetadata(issuer, body, opts...)
	if err != nil {
		return Metadata{}, err
	}
	var more struct {
		JWKSURI string   `json:"jwks_uri"`
		Algs    []string `json:"id_token_signing_alg_values_supported"`
	}
	if json.Unmarshal(trimBOM(body), &more) != nil {
		return Metadata{}, &oauth.Error{Code: oauth.CodeInvalidMetadata, Action: oauth.ActionConfigure,
			Description: "jwks_uri or id_token_signing_alg_values_supported of the metadata has the wrong type"}
	}
	if more.JWKSURI != "" {
		if err := oauth.CheckEndpoint(more.JWKSURI, opts...); err != nil {
			return Metadata{}, err
		}
	}
	return Metadata{Server: server, JWKSURI: more.JWKSURI, Algs: Allowed(more.Algs)}, nil
}

func badStatus(r oauth.Response, description string) *oauth.Error {
	return &oauth.Error{
		Code: oauth.CodeHTTPStatus, Status: r.Status, Description: description,
		Action: oauth.Classify(oauth.Signal{At: oauth.AtToken, Status: r.Status}),
	}
}
