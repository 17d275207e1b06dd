package api

import "time"

// ConnectLinkSpec asks for a link: "please authorize this", for a person
// without an account here.
type ConnectLinkSpec struct {
	// Kind is what the person is asked for: authorize (default), or
	// admin_consent: an administrator allows the client in their organisation.
	Kind       string `json:"kind,omitempty"`
	Connection string `json:"connection"` // what is authorized
	// ThenAuthorize has the administrator authorize the connection as well.
	ThenAuthorize bool `json:"then_authorize,omitempty"`
	// Create makes the connection, with these settings, when the link is used
	// and there is none of the name.
	Create *ConnectionSpec `json:"create,omitempty"`
	// ExpectedAccount is offered at the provider, and enforced: another account
	// is refused, and so is one whose name the provider does not tell.
	ExpectedAccount string            `json:"expected_account,omitempty"`
	ExpiresIn       Duration          `json:"expires_in,omitempty"` // default 168h, at most 2160h
	Brand           *ConnectLinkBrand `json:"brand,omitempty"`
	// ReturnTo is where the browser goes afterwards, with valetkey=done&link=ID;
	// an allowed origin only. It is also the origin that an embedding page has.
	ReturnTo string `json:"return_to,omitempty"`
	// Webhook is told how the link ended: an https address.
	Webhook string `json:"webhook,omitempty"`
}

// The kinds of a link.
const (
	LinkAuthorize    = "authorize"
	LinkAdminConsent = "admin_consent"
)

// ConnectLinkBrand is who asks, as the person sees it.
type ConnectLinkBrand struct {
	Name    string `json:"name,omitempty"`    // up to 80 characters
	Logo    string `json:"logo,omitempty"`    // data:image/png;base64,… or data:image/svg+xml;base64,…; at most 32 KiB
	Message string `json:"message,omitempty"` // up to 500 characters
}

// ConnectLinkPatch changes a link.
type ConnectLinkPatch struct {
	ExpiresIn Duration `json:"expires_in"` // from now
}

// ConnectLinkStatus is how far a link has come.
type ConnectLinkStatus string

// The statuses of a link. One that failed may be tried again until it expires.
const (
	LinkPending ConnectLinkStatus = "pending" // nobody opened it
	LinkOpened  ConnectLinkStatus = "opened"
	LinkDone    ConnectLinkStatus = "done"
	LinkFailed  ConnectLinkStatus = "failed"
	LinkExpired ConnectLinkStatus = "expired"
	LinkRevoked ConnectLinkStatus = "revoked"
)

// ConnectLink is a link as it reads back, without the part of its address that is secret.
type ConnectLink struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind,omitempty"` // admin_consent; "": authorize
	Status     ConnectLinkStatus `json:"status"`
	Cause      *Cause            `json:"cause,omitempty"` // why the last attempt failed
	Connection string            `json:"connection"`
	// Granted is the organisation whose administrator consented, by the name of
	// the connection's variable: {tenant: …}.
	Granted         map[string]string `json:"granted,omitempty"`
	ExpectedAccount string            `json:"expected_account,omitempty"`
	ReturnTo        string            `json:"return_to,omitempty"`
	ConnectLinkTimes
	Webhook *ConnectLinkDelivery `json:"webhook,omitempty"`
}

// ConnectLinkTimes is when what happened to a link.
type ConnectLinkTimes struct {
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	OpenedAt  *time.Time `json:"opened_at,omitempty"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

// ConnectLinkDelivery is how far the webhook has come.
type ConnectLinkDelivery struct {
	URL       string     `json:"url"`
	Tries     int        `json:"tries,omitempty"`
	NextTryAt *time.Time `json:"next_try_at,omitempty"`
	LastError string     `json:"last_error,omitempty"` // of the last try; none after a success
}

// NewConnectLink is the answer to a ConnectLinkSpec: the one time its address is shown.
type NewConnectLink struct {
	ConnectLink
	URL Secret `json:"url"`
	// WebhookSecret is what deliveries are signed with: HMAC-SHA-256 over
	// "ID.TIMESTAMP.BODY", in base64 after "v1," in the header webhook-signature.
	WebhookSecret Secret `json:"webhook_secret,omitempty"`
}

// ConnectLinkList is one page of links, the newest first.
type ConnectLinkList struct {
	Links      []ConnectLink `json:"links"`
	NextCursor string        `json:"next_cursor,omitempty"`
}

// ConnectLinkEvent is what a webhook is sent.
type ConnectLinkEvent struct {
	Type      string      `json:"type"` // connect_link.done, .failed, .expired or .revoked
	Timestamp time.Time   `json:"timestamp"`
	Data      ConnectLink `json:"data"`
}
