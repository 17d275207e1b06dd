package sandbox

import (
	"maps"
	"sync"
)

// Stats counts what the practice provider has been asked since New.
type Stats struct {
	Authorizations    int            // authorization requests that were well formed
	CodesIssued       int            // authorization codes sent to a redirect URI
	TokenRequests     map[string]int // by grant_type; "other" for an unknown one
	TokensIssued      int            // token responses made, whether or not they arrived
	ClientRefused     int            // invalid_client answers
	CodeReuse         int            // codes presented a second time
	RefreshReuse      int            // rotated refresh tokens presented again; each revoked its grant
	RedirectsFollowed int            // clients that posted to where token_redirect points
	Revocations       int            // tokens revoked at the revocation endpoint
	APICalls          int            // requests to the API and userinfo, whatever the answer
	APIUnauthorized   int            // of those, refused for the token
	MailsSent         int            // accepted by sendMail
	FaultsFired       map[string]int // by fault name
}

// counters guards a Stats.
type counters struct {
	mu    sync.Mutex
	stats Stats
}

func newCounters() *counters {
	return &counters{stats: Stats{TokenRequests: map[string]int{}}}
}

// add changes the counters under the lock.
func (c *counters) add(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}

func (c *counters) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.stats
	out.TokenRequests = maps.Clone(c.stats.TokenRequests)
	return out
}
