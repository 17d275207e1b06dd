package web

import (
	"crypto/hmac"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/internal/authorize"
)

// start binds the flow to the browser and sends it to the provider. Where
// somebody else may have begun it, the person is asked first (faults A-17). 303
// turns any method into GET and keeps no body.
func (s *site) start(w http.ResponseWriter, r *http.Request) {
	flow := r.PathValue("flow")
	start, err := s.flows.Start(r.Context(), flow)
	if err != nil {
		s.fail(w, r, flow, err)
		return
	}
	if s.asks(r, flow, start) {
		s.pages.Render(w, r, http.StatusOK, "start", invitation{start.Invitation, flow, s.host, start.ExpiresAt.UTC()})
		return
	}
	s.bind(w, flow, start)
	redirect(w, start.Location)
}

// invitation is the page that asks.
type invitation struct {
	authorize.Invitation
	Flow, Host string
	ExpiresAt  time.Time
}

// accept is for the person who read who asks, and goes on. The page leads to
// the provider by itself: what a form answers may not.
func (s *site) accept(w http.ResponseWriter, r *http.Request) {
	flow := r.PathValue("flow")
	start, err := s.flows.Start(r.Context(), flow)
	if err != nil {
		s.fail(w, r, flow, err)
		return
	}
	s.bind(w, flow, start)
	w.Header().Set("Refresh", "0; url="+s.prefix+"/oauth/start/"+url.PathEscape(flow))
	s.pages.Render(w, r, http.StatusOK, "start-go", invitation{start.Invitation, flow, s.host, start.ExpiresAt.UTC()})
}

// asks reports whether the person in front of this browser may not be the one
// who began the flow. They are where the browser is bound to it, where they
// are signed in as who began it or came by a link of ours, and where the
// operator of this machine began it, whose browsers alone find its address.
func (s *site) asks(r *http.Request, flow string, start authorize.Start) bool {
	by := start.Invitation.By
	switch cookie, err := r.Cookie(cookieName(flow)); {
	case err == nil && hmac.Equal([]byte(cookie.Value), []byte(start.Binding)):
		return false
	case start.Invitation.Follows, by != "" && by == s.desk.Name(r):
		return false
	case s.links != nil && s.links.Asked(r, flow):
		return false
	}
	return by != "" || !s.alone
}

// bind gives the browser the cookie without which the flow cannot be finished.
func (s *site) bind(w http.ResponseWriter, flow string, start authorize.Start) {
	http.SetCookie(w, &http.Cookie{
		Name:     cookieName(flow),
		Value:    start.Binding,
		Path:     s.prefix + "/oauth/",
		MaxAge:   max(1, int(time.Until(start.ExpiresAt)/time.Second)),
		Secure:   s.secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // sent when the provider's page leads back here
	})
}

// cookieName is one name for each flow, so that several tabs do not disturb
// each other. It shows a part of the flow's id only.
func cookieName(flow string) string { return "valetkey_flow_" + flow[:min(8, len(flow))] }

// loopback reports whether only this machine finds a host.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
