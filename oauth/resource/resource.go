package resource

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/challenge"
)

const wellKnown = "/.well-known/oauth-protected-resource"

// Resource is a protected resource's metadata (RFC 9728 §2).
type Resource struct {
	ID                   string   `json:"resource"`
	Name                 string   `json:"resource_name,omitempty"`
	AuthorizationServers []string `json:"authorization_servers,omitempty"` // issuers
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported,omitempty"`
	DPoPRequired         bool     `json:"dpop_bound_access_tokens_required,omitempty"`
	DPoPSigningAlgs      []string `json:"dpop_signing_alg_values_supported,omitempty"`
}

// Place is where a resource's metadata may be, and which resource it must then
// be of.
type Place struct{ URL, Resource string }

// MetadataURLs lists where the metadata of a resource may be, in the order to
// try: the well-known path before the resource's own (RFC 9728 §3), then that of
// its whole origin. The error is an *oauth.Error.
func MetadataURLs(resource string) ([]Place, error) {
	if err := oauth.CheckEndpoint(resource); err != nil {
		return nil, err
	}
	u, err := url.Parse(resource)
	if err != nil || strings.Contains(resource, "#") {
		return nil, &oauth.Error{Code: oauth.CodeInvalidEndpoint, Description: "the resource is not an absolute URL without a fragment", Action: oauth.ActionConfigure}
	}
	origin := u.Scheme + "://" + u.Host
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	query := ""
	if u.RawQuery != "" {
		query = "?" + u.RawQuery
	}
	places := []Place{{origin + wellKnown + path + query, resource}}
	if path != "" || query != "" {
		places = append(places, Place{origin + wellKnown, origin})
	}
	return places, nil
}

// FromChallenge is the address of the metadata that a refusal names (RFC 9728
// §5.1); "" when it names none that could be used.
func FromChallenge(h http.Header) string {
	for _, c := range challenge.Parse(h) {
		if address := c.Params["resource_metadata"]; address != "" && oauth.CheckEndpoint(address) == nil {
			return address
		}
	}
	return ""
}

// Parse reads the metadata of a resource. It must be of the one asked for
// (RFC 9728 §3.3), where a lone / after the host does not count, or it is
// refused. The error is an *oauth.Error.
func Parse(body []byte, resource string) (Resource, error) {
	var r Resource
	if err := json.Unmarshal(body, &r); err != nil {
		return Resource{}, refused("the metadata of the resource is not one JSON object of the right types")
	}
	if r.ID == "" || bare(r.ID) != bare(resource) {
		return Resource{}, refused("the metadata is of another resource than the one asked for (RFC 9728 §3.3)")
	}
	for _, issuer := range r.AuthorizationServers {
		if err := oauth.CheckEndpoint(issuer); err != nil {
			return Resource{}, err
		}
	}
	return r, nil
}

// bare takes away a lone / after the host (RFC 3986 §6.2.3).
func bare(resource string) string {
	if u, err := url.Parse(resource); err == nil && u.Path == "/" && u.RawQuery == "" {
		return strings.TrimSuffix(resource, "/")
	}
	return resource
}

func refused(description string) *oauth.Error {
	return &oauth.Error{Code: oauth.CodeInvalidMetadata, Description: description, Action: oauth.ActionConfigure}
}
