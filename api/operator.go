package api

import "time"

// OperatorLink is a link that lets whoever opens it set an operator's name and
// password, once. A link made before is good no longer.
type OperatorLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}
