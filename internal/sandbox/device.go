package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	grantTypeDevice = "urn:ietf:params:oauth:grant-type:device_code"
	deviceLifetime  = 15 * time.Minute
	deviceInterval  = time.Second // short, so that practising is not waiting
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
)

// deviceCode is a pair of codes (RFC 8628 section 3.2) and what became of it.
type deviceCode struct {
	grant    *grant
	userCode string
	expires  time.Time
	lastPoll time.Time
	decision string // allow, deny, or nothing yet
	used     bool
}

// deviceAuthorization is the device authorization endpoint (RFC 8628 section 3.1).
func (s *Server) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.writeOAuthError(w, err)
		return
	}
	c, err := s.authenticate(r)
	if err != nil {
		s.writeOAuthError(w, err)
		return
	}
	req := authRequest{params: url.Values{"scope": {r.PostForm.Get("scope")}}}
	if err := req.judgeScope(); err != nil {
		s.writeOAuthError(w, err)
		return
	}
	key, userCode := s.random(32), s.newUserCode()
	s.store.putDevice(key, deviceCode{
		grant:    &grant{clientID: c.id, scopes: req.scopes},
		userCode: userCode,
		expires:  s.now().Add(deviceLifetime),
	})
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code":               key,
		"user_code":                 userCode,
		"verification_uri":          s.cfg.Issuer + "/device",
		"verification_uri_complete": s.cfg.Issuer + "/device?user_code=" + userCode,
		"expires_in":                int(deviceLifetime.Seconds()),
		"interval":                  int(deviceInterval.Seconds()),
	})
}

// newUserCode has no vowels, so that it spells no word, and is easy to type
// (RFC 8628 section 6.1).
func (s *Server) newUserCode() string {
	random := s.random(8)
	letters := make([]byte, 8)
	for i := range letters {
		letters[i] = userCodeLetters[int(random[i])%len(userCodeLetters)]
	}
	return string(letters[:4]) + "-" + string(letters[4:])
}

// deviceView is what the device page shows.
type deviceView struct {
	Title, UserCode, TestUser, Password string
	Problem, Done                       string
}

func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) {
	s.showDevice(w, http.StatusOK, deviceView{UserCode: r.URL.Query().Get("user_code")})
}

func (s *Server) showDevice(w http.ResponseWriter, status int, view deviceView) {
	view.Title, view.TestUser, view.Password = "Connect a device", testUser, testPassword
	s.render(w, status, "device.html", view)
}

// deviceForm takes the person's decision. The password stands in the same
// form, so no other site can send it.
func (s *Server) deviceForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.refusePage(w, "The form cannot be read.")
		return
	}
	form := r.PostForm
	view := deviceView{UserCode: strings.ToUpper(strings.TrimSpace(form.Get("user_code")))}
	if strings.TrimSpace(form.Get("username")) != testUser || form.Get("password") != testPassword {
		view.Problem = "That is not the test user. Sign in as " + testUser + " with the password " + testPassword + "."
		s.showDevice(w, http.StatusUnprocessableEntity, view)
		return
	}
	if !s.store.decideDevice(view.UserCode, form.Get("action"), s.now()) {
		view.Problem = "No device waits with this code. Compare it with the one on the device, or begin there again."
		s.showDevice(w, http.StatusUnprocessableEntity, view)
		return
	}
	view.Done = "The device is connected."
	if form.Get("action") != "allow" {
		view.Done = "The device was refused."
	}
	s.showDevice(w, http.StatusOK, view)
}

// exchangeDevice answers a poll (RFC 8628 section 3.5).
func (s *Server) exchangeDevice(form url.Values, c client) (tokenAnswer, *oauthError) {
	g, err := s.store.pollDevice(form.Get("device_code"), c.id, s.now())
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.issueForUser(g)
}

func (st *store) putDevice(key string, d deviceCode) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.devices.put(key, &d)
}

// decideDevice records a decision; false when no device waits with the code.
func (st *store) decideDevice(userCode, action string, now time.Time) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, d := range st.devices.byKey {
		if d.userCode != userCode || d.decision != "" || !now.Before(d.expires) || (action != "allow" && action != "deny") {
			continue
		}
		d.decision, d.grant.username, d.grant.authTime = action, testUser, now
		return true
	}
	return false
}

// pollDevice returns the grant of an approved device, once.
func (st *store) pollDevice(key, clientID string, now time.Time) (*grant, *oauthError) {
	st.mu.Lock()
	defer st.mu.Unlock()
	d := st.devices.byKey[key]
	switch {
	case d == nil || d.used || d.grant.clientID != clientID:
		return nil, badRequest("invalid_grant", "the device code is unknown, was used, or is another client's")
	case d.decision == "deny":
		return nil, badRequest("access_denied", "the user denied the request")
	case !now.Before(d.expires):
		return nil, badRequest("expired_token", "nobody entered the code in time")
	case d.decision == "" && now.Sub(d.lastPoll) < deviceInterval:
		d.lastPoll = now
		return nil, badRequest("slow_down", "wait longer between two polls")
	case d.decision == "":
		d.lastPoll = now
		return nil, badRequest("authorization_pending", "nobody has entered the code yet")
	}
	d.used = true
	return d.grant, nil
}
