package api

import "time"

// AuthorizeRequest begins an authorization.
type AuthorizeRequest struct {
	LoginHint string `json:"login_hint,omitempty"` // the account to offer first
	Prompt    string `json:"prompt,omitempty"`     // login, consent, select_account
	ReturnTo  string `json:"return_to,omitempty"`  // where the browser goes afterwards; an allowed origin only
	Device    bool   `json:"device,omitempty"`     // by device code (RFC 8628): no browser on this machine is needed
	ConsentRequest
	StepUp
	GrantInput
}

// ConsentRequest asks an administrator of another organisation to allow the
// client there, before or in place of an authorization.
type ConsentRequest struct {
	AdminConsent  bool `json:"admin_consent,omitempty"`
	ThenAuthorize bool `json:"then_authorize,omitempty"` // the same person authorizes the connection afterwards
}

// StepUp is what an API asks of the next authorization before it goes on: its
// challenge's parameters (RFC 9470 section 4, OpenID Connect Core section 5.5).
type StepUp struct {
	Scopes    []string `json:"scopes,omitempty"` // asked for besides the connection's
	Claims    string   `json:"claims,omitempty"` // JSON
	ACRValues string   `json:"acr_values,omitempty"`
	MaxAge    *int     `json:"max_age,omitempty"` // seconds
}

// Authorization is an authorization that waits for a browser.
type Authorization struct {
	Flow string `json:"flow"`
	// AuthorizationURL is opened in the browser that will finish the flow. It
	// goes through Valetkey, which binds the flow to that browser (RFC 6749
	// section 10.12) and sends it on to the provider.
	AuthorizationURL string    `json:"authorization_url,omitempty"`
	RedirectURI      string    `json:"redirect_uri,omitempty"` // as registered at the provider
	ExpiresAt        time.Time `json:"expires_at"`
	// By device: the person opens VerificationURI anywhere and types UserCode.
	// Show both, also beside the complete address (RFC 8628 section 3.3.1).
	UserCode                string `json:"user_code,omitempty"`
	VerificationURI         string `json:"verification_uri,omitempty"`
	VerificationURIComplete string `json:"verification_uri_complete,omitempty"`
}

// FlowStatus is how far an authorization has come.
type FlowStatus string

// The statuses of a flow.
const (
	FlowPending FlowStatus = "pending"
	FlowDone    FlowStatus = "done"
	FlowFailed  FlowStatus = "failed"
)

// Flow is an authorization in progress, or how it ended.
type Flow struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind,omitempty"` // admin_consent, or proof: the sign-in that follows one; "": an authorization
	Connection string     `json:"connection"`
	Status     FlowStatus `json:"status"`
	Cause      *Cause     `json:"cause,omitempty"` // why it failed
	ExpiresAt  time.Time  `json:"expires_at"`
	// By device, while it is pending: what a person types where.
	UserCode                string `json:"user_code,omitempty"`
	VerificationURI         string `json:"verification_uri,omitempty"`
	VerificationURIComplete string `json:"verification_uri_complete,omitempty"`
}
