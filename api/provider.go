package api

import "github.com/valetkey/valetkey/oauth"

// Provider describes an authorization server and the API behind it. A block
// left out means the RFC's behaviour.
type Provider struct {
	Name      string              `json:"name,omitempty"`  // set by its place in the catalogue, not in the document
	Title     string              `json:"title,omitempty"` // for people
	Docs      string              `json:"docs,omitempty"`  // URL of the vendor's page
	Tags      []string            `json:"tags,omitempty"`  // words to find it by: crm, mail, accounting, other names
	Variables map[string]Variable `json:"variables,omitempty"`
	Endpoints
	GrantRules
	Requests
	Refresh *RefreshRules `json:"refresh,omitempty"`
	API     *CallSettings `json:"api,omitempty"`
	Setup   *Setup        `json:"setup,omitempty"`
	// Operations are named requests of its API, which its connections can run.
	Operations map[string]Operation `json:"operations,omitempty"`
	// ErrorHints says in plain words what to do about an error of this provider:
	// keyed by its error value or the number in its description, such as
	// invalid_client or AADSTS7000215.
	ErrorHints map[string]string `json:"error_hints,omitempty"`
	Provenance *Provenance       `json:"provenance,omitempty"`
	BuiltIn    bool              `json:"built_in,omitempty"` // shipped with Valetkey, or a file of the server's operator; read-only
}

// Endpoints of an authorization server. With an issuer, what is missing is
// discovered (RFC 8414). Each is a template over the variables.
type Endpoints struct {
	Issuer                string `json:"issuer,omitempty"`
	AuthorizationEndpoint string `json:"authorization_endpoint,omitempty"`
	TokenEndpoint         string `json:"token_endpoint,omitempty"`
	RefreshEndpoint       string `json:"refresh_endpoint,omitempty"` // default: the token endpoint
	RevocationEndpoint    string `json:"revocation_endpoint,omitempty"`
	IntrospectionEndpoint string `json:"introspection_endpoint,omitempty"`
	UserinfoEndpoint      string `json:"userinfo_endpoint,omitempty"`
	JWKSURI               string `json:"jwks_uri,omitempty"`
	RegistrationEndpoint  string `json:"registration_endpoint,omitempty"` // RFC 7591

	PushedAuthorizationRequestEndpoint string `json:"pushed_authorization_request_endpoint,omitempty"` // RFC 9126

	DeviceAuthorizationEndpoint string `json:"device_authorization_endpoint,omitempty"` // RFC 8628 section 4
	// AdminConsentEndpoint is where an administrator of another organisation
	// allows the client there; see AdminConsentRules.
	AdminConsentEndpoint string `json:"admin_consent_endpoint,omitempty"`
	// EndpointForms gives an endpoint in several forms, by its key: the first
	// whose variables all have a value is the endpoint.
	EndpointForms map[string][]string `json:"endpoint_forms,omitempty"`
}

// GrantRules says how grants are asked for.
type GrantRules struct {
	Grant                   string             `json:"grant,omitempty"`                      // default for its connections; authorization_code if absent
	CodeChallengeMethod     string             `json:"code_challenge_method,omitempty"`      // S256 (default), plain, none
	TokenEndpointAuthMethod AuthMethods        `json:"token_endpoint_auth_method,omitempty"` // client_secret_basic, client_secret_post, private_key_jwt, client_secret_jwt, tls_client_auth, self_signed_tls_client_auth, none; the first two as a list: both at once
	Scopes                  *ScopeRules        `json:"scopes,omitempty"`
	TokenEndpointAuth       *TokenEndpointAuth `json:"token_endpoint_auth,omitempty"` // instead of a method: what the Authorization header holds
	ResponseType            string             `json:"response_type,omitempty"`       // default code
	RedirectURIParam        string             `json:"redirect_uri_param,omitempty"`  // template; sent as redirect_uri where the provider reads something else there
	ClientAssertion         *AssertionRules    `json:"client_assertion,omitempty"`    // for private_key_jwt and client_secret_jwt
	Assertion               *AssertionRules    `json:"assertion,omitempty"`           // for the grant jwt_bearer
	DPoP                    string             `json:"dpop,omitempty"`                // RFC 9449: auto (default: where the client was registered so), required, off
	CertificateRules
	AuthorizationRules
}

// AuthorizationRules says how an authorization request travels. What the
// server's metadata demands is done without being told.
type AuthorizationRules struct {
	RequirePushedAuthorizationRequests bool   `json:"require_pushed_authorization_requests,omitempty"` // RFC 9126: the browser carries a reference only
	RequireSignedRequestObject         bool   `json:"require_signed_request_object,omitempty"`         // RFC 9101: signed with the client's private key
	ResponseMode                       string `json:"response_mode,omitempty"`                         // query (what servers do), form_post
	// RequireAdvertisedPKCE refuses a server whose metadata does not name S256,
	// as clients of the Model Context Protocol must. Set false for a server that
	// has it without saying so, such as Microsoft Entra.
	RequireAdvertisedPKCE bool `json:"require_advertised_pkce,omitempty"`
	// ResourceMode says whether resources are named (RFC 8707): auto (default,
	// those of the connection), send (the API's base URL where the connection
	// names none), omit.
	ResourceMode string             `json:"resource_mode,omitempty"`
	AdminConsent *AdminConsentRules `json:"admin_consent,omitempty"` // what comes back from the admin_consent_endpoint
}

// The values of AuthorizationRules.ResourceMode.
const (
	ResourceAuto = "auto"
	ResourceSend = "send"
	ResourceOmit = "omit"
)

// CertificateRules is where a client shows a certificate besides its
// authentication by one.
type CertificateRules struct {
	// BoundTokens says that access tokens are bound to the client's certificate
	// (RFC 8705 sections 3, 3.4): it is shown with every request to the
	// authorization server and to the API.
	BoundTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
}

// Requests holds the provider's deviations, leg by leg.
type Requests struct {
	AuthorizationRequest *oauth.RequestRules  `json:"authorization_request,omitempty"`
	TokenRequest         *oauth.RequestRules  `json:"token_request,omitempty"`
	RefreshRequest       *oauth.RequestRules  `json:"refresh_request,omitempty"` // inherits token_request except params
	RevocationRequest    *oauth.RequestRules  `json:"revocation_request,omitempty"`
	TokenResponse        *oauth.ResponseRules `json:"token_response,omitempty"`
	RefreshResponse      *oauth.ResponseRules `json:"refresh_response,omitempty"` // default: token_response
	// AuthorizationResponse is how the redirect back strays from RFC 6749 section 4.1.2.
	AuthorizationResponse *AuthorizationResponseRules `json:"authorization_response,omitempty"`
	// Exchange are further requests after the token response, in order. What
	// the last one gives is the token that APIs take.
	Exchange []ExchangeStep `json:"exchange,omitempty"`
	// AdditionalTokens are tokens for other resources out of the same grant, by name.
	AdditionalTokens map[string]AdditionalToken `json:"additional_tokens,omitempty"`
}

// ScopeRules says how scopes are written and which are never left out.
type ScopeRules struct {
	Required  []string `json:"required,omitempty"`  // always asked for
	Default   []string `json:"default,omitempty"`   // asked for when the connection names none
	Separator string   `json:"separator,omitempty"` // default one space
	// ByGrant replaces Required and Default for one grant: what a service may
	// ask for is often not what a user may.
	ByGrant map[string]GrantScopes `json:"by_grant,omitempty"`
	// Meanings says in plain words what a scope allows, for whoever chooses.
	Meanings map[string]string `json:"meanings,omitempty"`
}

// GrantScopes are the scopes of one grant, in place of the provider's.
type GrantScopes struct {
	Required []string `json:"required,omitempty"` // always asked for
	Default  []string `json:"default,omitempty"`  // asked for when the connection names none
}

// RefreshRules says when and how a token is renewed.
type RefreshRules struct {
	Skew Duration `json:"skew,omitempty"` // how long before expiry; default a tenth of the lifetime, at most 5 minutes
	// Strategy is what a token is renewed with: refresh_token (default),
	// access_token (the token itself is swapped while it lives), none.
	Strategy string `json:"strategy,omitempty"`
	// NotBeforeExpiry is for servers that refuse to renew a token that is still good.
	NotBeforeExpiry bool `json:"not_before_expiry,omitempty"`
	// DeadGrant is what the server says, besides invalid_grant, when a person must authorize again.
	DeadGrant *oauth.DeadGrant `json:"dead_grant,omitempty"`
	TokenLife
}

// TokenLife is what the provider documents of how long a refresh token lives.
type TokenLife struct {
	// Rotation says what a renewal does to the refresh token: none (it stays),
	// optional (a new one may come), single_use (the old one ends at once).
	Rotation string `json:"rotation,omitempty"`
	// Grace is how long a replaced refresh token still works; only where the provider says so.
	Grace            Duration `json:"grace,omitempty"`
	IdleLifetime     Duration `json:"idle_lifetime,omitempty"`     // it ends when unused for this long
	AbsoluteLifetime Duration `json:"absolute_lifetime,omitempty"` // it ends this long after the authorization, used or not
}

// The values of TokenLife.Rotation.
const (
	RotationNone      = "none"
	RotationOptional  = "optional"
	RotationSingleUse = "single_use"
)

// The values of RefreshRules.Strategy.
const (
	RefreshByRefreshToken = "refresh_token"
	RefreshByAccessToken  = "access_token"
	RefreshNever          = "none"
)

// Setup tells a person what to do at the provider.
type Setup struct {
	RegisterAt string   `json:"register_at,omitempty"` // where the redirect URI is registered
	Steps      []string `json:"steps,omitempty"`
	// What the provider's page calls the values to bring back, such as
	// "Application (client) ID" and "Value of the client secret".
	ClientIDLabel     string `json:"client_id_label,omitempty"`
	ClientSecretLabel string `json:"client_secret_label,omitempty"`
}

// Provenance says where a description comes from and how far it was checked.
type Provenance struct {
	Sources      []string `json:"sources,omitempty"`      // URLs, or words such as "public descriptions"
	Checked      string   `json:"checked,omitempty"`      // date, such as 2026-11-21
	Verification string   `json:"verification,omitempty"` // tried, documented, collected, unverified
}

// The values of Provenance.Verification, from the best.
const (
	VerificationTried      = "tried"      // used against the live provider
	VerificationDocumented = "documented" // checked against the vendor's documentation
	VerificationCollected  = "collected"  // public descriptions agree; not checked against the vendor's
	VerificationUnverified = "unverified" // public descriptions disagree, or one weak one is all there is
)

// ProviderList is one page of providers: the user's own in full, and of
// built-in ones a summary, which holds name, title, tags, grant, verification
// and built_in.
type ProviderList struct {
	Providers  []Provider `json:"providers"`
	NextCursor string     `json:"next_cursor,omitempty"`
}
