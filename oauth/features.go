package oauth

// Features is what a server's metadata says beyond RFC 8414's core.
type Features struct {
	PushedAuthorizationRequestEndpoint string `json:"pushed_authorization_request_endpoint,omitempty"` // RFC 9126 §5
	RequirePushedAuthorizationRequests bool   `json:"require_pushed_authorization_requests,omitempty"` // RFC 9126 §5

	RequireSignedRequestObject bool     `json:"require_signed_request_object,omitempty"`               // RFC 9101 §10.5
	RequestObjectSigningAlgs   []string `json:"request_object_signing_alg_values_supported,omitempty"` // RFC 9101 §10.5

	JWKSURI           string   `json:"jwks_uri,omitempty"`                                         // RFC 8414 §2
	DPoPSigningAlgs   []string `json:"dpop_signing_alg_values_supported,omitempty"`                // RFC 9449 §5.1
	AssertionAlgs     []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"` // RFC 8414 §2
	IDTokenAlgs       []string `json:"id_token_signing_alg_values_supported,omitempty"`            // OpenID Connect Discovery §3
	GrantTypes        []string `json:"grant_types_supported,omitempty"`                            // RFC 8414 §2
	ResponseModes     []string `json:"response_modes_supported,omitempty"`                         // RFC 8414 §2
	ClientIDDocuments bool     `json:"client_id_metadata_document_supported,omitempty"`            // client id metadata documents
	BoundTokens       bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`       // RFC 8705 §3.3

	SignedMetadata string `json:"signed_metadata,omitempty"` // RFC 8414 §2.1: a JWT; see Server.WithSigned

	// MTLSEndpointAliases are the endpoints to use instead when a client shows a
	// certificate (RFC 8705 §5).
	MTLSEndpointAliases *EndpointAliases `json:"mtls_endpoint_aliases,omitempty"`
}

// EndpointAliases are endpoints that ask for a client certificate (RFC 8705 §5).
type EndpointAliases struct {
	TokenEndpoint                      string `json:"token_endpoint,omitempty"`
	RevocationEndpoint                 string `json:"revocation_endpoint,omitempty"`
	IntrospectionEndpoint              string `json:"introspection_endpoint,omitempty"`
	UserinfoEndpoint                   string `json:"userinfo_endpoint,omitempty"`
	DeviceAuthorizationEndpoint        string `json:"device_authorization_endpoint,omitempty"`
	PushedAuthorizationRequestEndpoint string `json:"pushed_authorization_request_endpoint,omitempty"`
}

// ForCertificate returns the server as a client with a certificate sees it: an
// alias where there is one (RFC 8705 §5).
func (s Server) ForCertificate() Server {
	aliases := s.MTLSEndpointAliases
	if aliases == nil {
		return s
	}
	for _, alias := range []struct{ to, from *string }{
		{&s.TokenEndpoint, &aliases.TokenEndpoint},
		{&s.RevocationEndpoint, &aliases.RevocationEndpoint},
		{&s.IntrospectionEndpoint, &aliases.IntrospectionEndpoint},
		{&s.UserinfoEndpoint, &aliases.UserinfoEndpoint},
		{&s.DeviceAuthorizationEndpoint, &aliases.DeviceAuthorizationEndpoint},
		{&s.PushedAuthorizationRequestEndpoint, &aliases.PushedAuthorizationRequestEndpoint},
	} {
		if *alias.from != "" {
			*alias.to = *alias.from
		}
	}
	return s
}

// endpoints of a document are held to the same rules as all others.
func (f Features) endpoints() map[string]string {
	all := map[string]string{
		"pushed_authorization_request_endpoint": f.PushedAuthorizationRequestEndpoint,
		"jwks_uri":                              f.JWKSURI,
	}
	if a := f.MTLSEndpointAliases; a != nil {
		all["mtls_endpoint_aliases.token_endpoint"] = a.TokenEndpoint
		all["mtls_endpoint_aliases.revocation_endpoint"] = a.RevocationEndpoint
		all["mtls_endpoint_aliases.introspection_endpoint"] = a.IntrospectionEndpoint
		all["mtls_endpoint_aliases.userinfo_endpoint"] = a.UserinfoEndpoint
		all["mtls_endpoint_aliases.device_authorization_endpoint"] = a.DeviceAuthorizationEndpoint
		all["mtls_endpoint_aliases.pushed_authorization_request_endpoint"] = a.PushedAuthorizationRequestEndpoint
	}
	return all
}
