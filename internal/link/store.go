package link

import (
	"context"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/secret"
)

// Link is a connect link as it is kept.
type Link struct {
	ID            string   // later ones are greater
	Hash          [32]byte // SHA-256 of the secret part of its address, which has 256 bits
	Connection    string   // may not exist yet
	Status        api.ConnectLinkStatus
	Flow          string // of the last attempt; "": none
	Terms         Terms
	Progress      Progress
	WebhookSecret secret.Sealed // at WebhookPlace; nil: no webhook
	DueAt         time.Time     // when the webhook is sent next; zero: nothing to send
	CreatedAt     time.Time
	ExpiresAt     time.Time
	Version       int64 // 1, and one more with each change
}

// Terms are what a link was made with.
type Terms struct {
	Kind            string               `json:"kind,omitempty"`           // "": authorize
	ThenAuthorize   bool                 `json:"then_authorize,omitempty"` // after a consent
	Create          *api.ConnectionSpec  `json:"create,omitempty"`
	ExpectedAccount string               `json:"expected_account,omitempty"`
	Brand           api.ConnectLinkBrand `json:"brand,omitzero"`
	ReturnTo        string               `json:"return_to,omitempty"`
	Webhook         string               `json:"webhook,omitempty"`
}

// Progress is what became of a link.
type Progress struct {
	OpenedAt  time.Time  `json:"opened_at,omitzero"`
	EndedAt   time.Time  `json:"ended_at,omitzero"`
	Cause     *api.Cause `json:"cause,omitempty"`
	Embedded  bool       `json:"embedded,omitempty"` // the last attempt was begun in a window of another page
	Tries     int        `json:"tries,omitempty"`    // of the webhook, for the present status
	LastError string     `json:"last_error,omitempty"`

	Granted map[string]string `json:"granted,omitempty"` // the organisation that consented
}

// Filter selects links; zero fields select all.
type Filter struct {
	Connection string
	Flow       string
	Status     api.ConnectLinkStatus
	Trying     bool      // those opened with an attempt whose outcome nobody wrote yet
	DueBy      time.Time // those whose webhook is due by then
	ExpiredBy  time.Time // those that are not over and expired by then
	Before     string    // links older than this one
	Limit      int       // 0: all
}

// Store keeps links, the newest first. What is not there is ledger.ErrNotFound.
type Store interface {
	CreateLink(ctx context.Context, l Link) error // ledger.ErrExists
	Link(ctx context.Context, id string) (Link, error)
	LinkByHash(ctx context.Context, hash [32]byte) (Link, error)
	Links(ctx context.Context, filter Filter) ([]Link, error)
	// SaveLink writes all of a link but its ID, Hash, Connection and CreatedAt,
	// provided that its version is still l.Version, and adds one to that: else
	// ledger.ErrStale.
	SaveLink(ctx context.Context, l Link) error
	// DeleteLinks removes links that expired before the instant.
	DeleteLinks(ctx context.Context, before time.Time) error
}

// WebhookPlace is where a link's webhook secret is sealed.
func WebhookPlace(id string) secret.Place {
	return secret.Place{Table: "connect_links", Row: id, Column: "webhook_secret"}
}

// over says that nothing more can become of a link.
func (l Link) over() bool {
	return l.Status == api.LinkDone || l.Status == api.LinkExpired || l.Status == api.LinkRevoked
}
