package sandbox

import "net/http"

// metadata is discovery: RFC 8414 and OpenID Connect Discovery in one document.
func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	issuer := s.cfg.Issuer
	claimed := issuer
	if s.faults.fire("metadata_issuer_wrong") {
		claimed = "https://attacker.example"
	}
	methods := []string{"client_secret_basic", "client_secret_post", "none"}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         claimed,
		"authorization_endpoint":                         issuer + "/authorize",
		"token_endpoint":                                 issuer + "/token",
		"device_authorization_endpoint":                  issuer + "/device_authorization",
		"revocation_endpoint":                            issuer + "/revoke",
		"introspection_endpoint":                         issuer + "/introspect",
		"userinfo_endpoint":                              issuer + "/userinfo",
		"jwks_uri":                                       issuer + "/jwks",
		"scopes_supported":                               append(scopeNames(), scopeAllUsers),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token", "client_credentials", grantTypeDevice},
		"code_challenge_methods_supported":               []string{"S256", "plain"},
		"token_endpoint_auth_methods_supported":          methods,
		"revocation_endpoint_auth_methods_supported":     methods,
		"introspection_endpoint_auth_methods_supported":  methods,
		"authorization_response_iss_parameter_supported": true,
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"prompt_values_supported":                        []string{"none", "login", "consent", "select_account"},
		"claims_supported":                               []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "email", "preferred_username"},
	})
}
