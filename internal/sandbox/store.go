package sandbox

import (
	"slices"
	"sync"
	"time"
)

// maxEntries bounds each kind of state.
const maxEntries = 10_000

// ring is a map that forgets its oldest entry when it is full. Tokens are
// random, so a key is put once; putting it again keeps its age.
type ring[V any] struct {
	max   int
	byKey map[string]V
	order []string
}

func newRing[V any](limit int) ring[V] {
	return ring[V]{max: limit, byKey: map[string]V{}}
}

func (r *ring[V]) put(key string, v V) {
	if _, known := r.byKey[key]; !known {
		r.order = append(r.order, key)
	}
	r.byKey[key] = v
	for len(r.order) > r.max {
		delete(r.byKey, r.order[0])
		r.order = r.order[1:]
	}
}

// grant is what a user, or a client for itself, has allowed. All tokens that
// descend from one code share it, so that revoking it ends them together.
type grant struct {
	clientID string
	username string // empty for client_credentials
	scopes   []string
	nonce    string
	authTime time.Time
	revoked  bool
}

// code is an authorization code and what redeeming it must match.
type code struct {
	grant       *grant
	redirectURI string
	challenge   string
	method      string
	expires     time.Time
	used        bool
}

// accessToken is what an access token stands for.
type accessToken struct {
	grant   *grant
	scopes  []string
	issued  time.Time
	expires time.Time
}

// refreshToken is what a refresh token stands for.
type refreshToken struct {
	grant   *grant
	issued  time.Time
	expires time.Time // zero: never
	used    bool
}

// session is one browser. Before login its username is empty.
type session struct {
	csrf     string
	username string
	authTime time.Time
	expires  time.Time
}

// store is everything the server remembers. Each method takes the lock once;
// what it returns is a copy.
type store struct {
	mu       sync.Mutex
	codes    ring[*code]
	access   ring[*accessToken]
	refresh  ring[*refreshToken]
	sessions ring[session]
	consents ring[[]string]
	devices  ring[*deviceCode]
}

func newStore(limit int) *store {
	return &store{
		codes:    newRing[*code](limit),
		access:   newRing[*accessToken](limit),
		refresh:  newRing[*refreshToken](limit),
		sessions: newRing[session](limit),
		consents: newRing[[]string](limit),
		devices:  newRing[*deviceCode](limit),
	}
}

func (st *store) putCode(key string, c code) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.codes.put(key, &c)
}

// redeem uses a code up if check agrees. A code presented again revokes the
// grant (RFC 6749 section 4.1.2).
func (st *store) redeem(key string, check func(code) *oauthError) (grant *grant, reused bool, err *oauthError) {
	st.mu.Lock()
	defer st.mu.Unlock()
	c, ok := st.codes.byKey[key]
	if !ok {
		return nil, false, badRequest("invalid_grant", "the authorization code is unknown")
	}
	if c.used {
		c.grant.revoked = true
		return nil, true, badRequest("invalid_grant", "the authorization code was used before; everything issued from it is revoked")
	}
	if err := check(*c); err != nil {
		return nil, false, err
	}
	if c.grant.revoked {
		return nil, false, badRequest("invalid_grant", "the grant has been revoked")
	}
	c.used = true
	return c.grant, false, nil
}

func (st *store) putAccess(key string, t accessToken) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.access.put(key, &t)
}

func (st *store) putRefresh(key string, t refreshToken) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.refresh.put(key, &t)
}

// findAccess returns a live access token.
func (st *store) findAccess(key string, now time.Time) (accessToken, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	t, ok := st.access.byKey[key]
	if !ok || t.grant.revoked || !now.Before(t.expires) {
		return accessToken{}, false
	}
	return *t, true
}

// findRefresh returns a live refresh token.
func (st *store) findRefresh(key string, now time.Time) (refreshToken, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	t, ok := st.refresh.byKey[key]
	if !ok || t.used || t.grant.revoked || t.expired(now) {
		return refreshToken{}, false
	}
	return *t, true
}

func (t refreshToken) expired(now time.Time) bool {
	return !t.expires.IsZero() && !now.Before(t.expires)
}

// refreshUse is how a refresh treats the token it was given.
type refreshUse struct {
	now      time.Time
	clientID string
	scopes   []string // asked for; empty means all of the grant's
	rotate   bool     // the token is used up
	tolerant bool     // a used-up token is accepted again
}

// useRefresh judges a refresh token and, when the server rotates, uses it up.
// A used-up token presented again revokes the grant (RFC 9700 section 4.14.2).
func (st *store) useRefresh(key string, use refreshUse) (g *grant, reused bool, err *oauthError) {
	st.mu.Lock()
	defer st.mu.Unlock()
	t, ok := st.refresh.byKey[key]
	if !ok || t.grant.clientID != use.clientID {
		return nil, false, badRequest("invalid_grant", "the refresh token is unknown or was issued to another client")
	}
	if t.grant.revoked {
		return nil, false, badRequest("invalid_grant", "the grant has been revoked")
	}
	if t.used && !use.tolerant {
		t.grant.revoked = true
		return nil, true, badRequest("invalid_grant", "the refresh token was used before; the grant is revoked")
	}
	if t.expired(use.now) {
		return nil, false, badRequest("invalid_grant", "the refresh token has expired")
	}
	if name, wider := unknownScope(use.scopes, t.grant.scopes); wider {
		return nil, false, badRequest("invalid_scope", "the scope "+name+" was not granted")
	}
	t.used = t.used || use.rotate
	return t.grant, false, nil
}

// revokeToken ends a token of the client: an access token alone, a refresh
// token with its whole grant (RFC 7009 section 2.1).
func (st *store) revokeToken(key, clientID string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if t, ok := st.refresh.byKey[key]; ok && t.grant.clientID == clientID {
		t.grant.revoked = true
		return true
	}
	if t, ok := st.access.byKey[key]; ok && t.grant.clientID == clientID {
		t.expires = time.Time{}
		return true
	}
	return false
}

// revokeAll ends every grant and forgets every consent.
func (st *store) revokeAll() {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, c := range st.codes.byKey {
		c.grant.revoked = true
	}
	for _, t := range st.access.byKey {
		t.grant.revoked = true
	}
	for _, t := range st.refresh.byKey {
		t.grant.revoked = true
	}
	st.consents = newRing[[]string](st.consents.max)
}

// expireAccess ends every access token issued so far.
func (st *store) expireAccess() {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, t := range st.access.byKey {
		t.expires = time.Time{}
	}
}

func (st *store) putSession(id string, s session) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.sessions.put(id, s)
}

func (st *store) findSession(id string, now time.Time) (session, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	s, ok := st.sessions.byKey[id]
	if !ok || !now.Before(s.expires) {
		return session{}, false
	}
	return s, true
}

func (st *store) dropSession(id string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.sessions.byKey, id)
}

// remember records that the user has consented to scopes for the client.
func (st *store) remember(username, clientID string, scopes []string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	key := username + "\n" + clientID
	merged := slices.Clone(st.consents.byKey[key])
	for _, name := range scopes {
		if !slices.Contains(merged, name) {
			merged = append(merged, name)
		}
	}
	st.consents.put(key, merged)
}

// consented reports whether the user has consented to all of scopes before.
func (st *store) consented(username, clientID string, scopes []string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	_, missing := unknownScope(scopes, st.consents.byKey[username+"\n"+clientID])
	return !missing
}
