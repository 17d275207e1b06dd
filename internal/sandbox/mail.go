package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	userID   = "7d1c6a52-3f0e-4a7b-9a55-0c6a6f1f2b10"
	userName = "Maria Sommer"
	userMail = "maria@practice.example"

	mailCount      = 35
	defaultTop     = 10
	maxTop         = 1000
	maxMailRequest = 1 << 20 // bytes
)

// message is a mail as Microsoft Graph shows it, as far as practice needs.
type message struct {
	ID               string    `json:"id"`
	Subject          string    `json:"subject"`
	BodyPreview      string    `json:"bodyPreview"`
	ReceivedDateTime time.Time `json:"receivedDateTime"`
	IsRead           bool      `json:"isRead"`
	HasAttachments   bool      `json:"hasAttachments"`
	From             recipient `json:"from"`
}

type recipient struct {
	EmailAddress emailAddress `json:"emailAddress"`
}

type emailAddress struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}

// generateMail fills the mailbox, the newest first.
func generateMail(now time.Time) []message {
	senders := []emailAddress{
		{"Jonas Weber", "jonas@practice.example"},
		{"Aiko Tanaka", "aiko@practice.example"},
		{"Invoices", "invoices@supplier.example"},
		{"Priya Nair", "priya@practice.example"},
		{"Build server", "builds@practice.example"},
	}
	subjects := []string{"Lunch on Thursday?", "Quarterly figures", "Invoice %d", "Notes of the meeting", "Build %d is green", "Your order has been sent", "Travel plan"}
	newest := now.UTC().Truncate(time.Minute)
	mails := make([]message, mailCount)
	for i := range mails {
		subject := subjects[i%len(subjects)]
		if i%len(subjects) == 2 || i%len(subjects) == 4 {
			subject = fmt.Sprintf(subject, 2400-i)
		}
		mails[i] = message{
			ID:               fmt.Sprintf("AAMkPractice%04d", i+1),
			Subject:          subject,
			BodyPreview:      fmt.Sprintf("Practice mail %d of %d.", i+1, mailCount),
			ReceivedDateTime: newest.Add(-time.Duration(i) * 97 * time.Minute),
			IsRead:           i > 4,
			HasAttachments:   i%6 == 2,
			From:             recipient{senders[i%len(senders)]},
		}
	}
	return mails
}

func userResource() map[string]any {
	return map[string]any{
		"id":                userID,
		"displayName":       userName,
		"givenName":         "Maria",
		"surname":           "Sommer",
		"mail":              userMail,
		"userPrincipalName": userMail,
	}
}

func (s *Server) context(path string) string {
	return s.cfg.Issuer + "/v1.0/$metadata#" + path
}

// delegated answers false, having refused, when no user stands behind the token.
func (s *Server) delegated(w http.ResponseWriter, t accessToken) bool {
	if t.grant.username != "" {
		return true
	}
	s.writeGraphError(w, http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
	return false
}

func (s *Server) me(w http.ResponseWriter, _ *http.Request, t accessToken) {
	if !s.delegated(w, t) {
		return
	}
	body := userResource()
	body["@odata.context"] = s.context("users/$entity")
	writeJSON(w, http.StatusOK, body)
}

// messages answers one page and, unless it is the last, where the next one is.
func (s *Server) messages(w http.ResponseWriter, r *http.Request, t accessToken) {
	if !s.delegated(w, t) {
		return
	}
	query := r.URL.Query()
	top, okTop := pageNumber(query, "$top", defaultTop, 1)
	skip, okSkip := pageNumber(query, "$skip", 0, 0)
	if !okTop || !okSkip || top > maxTop {
		s.writeGraphError(w, http.StatusBadRequest, "BadRequest", "$top must be 1 to 1000 and $skip must not be negative.")
		return
	}
	from := min(skip, len(s.mail))
	to := min(from+top, len(s.mail))
	body := map[string]any{
		"@odata.context": s.context("users('" + userID + "')/messages"),
		"value":          s.mail[from:to],
	}
	if to < len(s.mail) {
		next := url.Values{"$top": {strconv.Itoa(top)}, "$skip": {strconv.Itoa(to)}}
		body["@odata.nextLink"] = s.cfg.Issuer + "/v1.0/me/messages?" + next.Encode()
	}
	writeJSON(w, http.StatusOK, body)
}

func pageNumber(query url.Values, name string, missing, least int) (int, bool) {
	if !query.Has(name) {
		return missing, true
	}
	n, err := strconv.Atoi(query.Get(name))
	return n, err == nil && n >= least
}

func (s *Server) message(w http.ResponseWriter, r *http.Request, t accessToken) {
	if !s.delegated(w, t) {
		return
	}
	for _, m := range s.mail {
		if m.ID == r.PathValue("id") {
			writeJSON(w, http.StatusOK, m)
			return
		}
	}
	s.writeGraphError(w, http.StatusNotFound, "ErrorItemNotFound", "The specified object was not found in the store.")
}

// sendMail accepts a mail and delivers it nowhere.
func (s *Server) sendMail(w http.ResponseWriter, r *http.Request, t accessToken) {
	if !s.delegated(w, t) {
		return
	}
	var request struct {
		Message struct {
			Subject      string      `json:"subject"`
			ToRecipients []recipient `json:"toRecipients"`
		} `json:"message"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMailRequest)).Decode(&request); err != nil {
		s.writeGraphError(w, http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload.")
		return
	}
	to := request.Message.ToRecipients
	if len(to) == 0 || to[0].EmailAddress.Address == "" {
		s.writeGraphError(w, http.StatusBadRequest, "ErrorInvalidRecipients", "At least one recipient is not valid: fill message.toRecipients.")
		return
	}
	s.stats.add(func(st *Stats) { st.MailsSent++ })
	w.WriteHeader(http.StatusAccepted)
}

// users needs an application permission, which client_credentials has.
func (s *Server) users(w http.ResponseWriter, _ *http.Request, _ accessToken) {
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": s.context("users"),
		"value":          []any{userResource()},
	})
}

func (s *Server) noSuchResource(w http.ResponseWriter, _ *http.Request, _ accessToken) {
	s.writeGraphError(w, http.StatusNotFound, "ResourceNotFound", "There is no such resource. There are me, me/messages, me/sendMail, users and echo.")
}
