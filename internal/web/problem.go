package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
)

// causeExpired is the broker's code for a flow that nobody finished in time.
const causeExpired = "expired"

// fail renders an error. What happened inside stays in the log. flow is the
// one it is about, where that is known: one that ended keeps why, which says
// more than that it is over.
func (s *site) fail(w http.ResponseWriter, r *http.Request, flow string, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the person has left
	}
	shown := fault.As(err)
	id := w.Header().Get(page.RequestIDHeader)
	page.Note(r, s.log, id, shown)
	if shown.Code == api.CodeConflict && flow != "" {
		if past, err := s.flows.Flow(r.Context(), flow); err == nil && past.Status == api.FlowFailed {
			s.ended(w, r, past)
			return
		}
	}
	p := page.Problem{Pill: "Nothing was changed", Title: title(shown.Code), Detail: page.Sentence(shown.Message)}
	if shown.Code == api.CodeInternal {
		p.Pill, p.RequestID = "An error of this server", id
	}
	s.pages.Render(w, r, pageStatus(shown.Code), "problem", p.Advise(shown.Hint))
}

// pageStatus differs from the API's where a browser is concerned: the page is
// there, it is what the request names that is not.
func pageStatus(code api.Code) int {
	if code == api.CodeNotFound {
		return http.StatusBadRequest
	}
	return fault.Status(code)
}

// ended shows a flow that failed, and why, as it was noted when it did.
func (s *site) ended(w http.ResponseWriter, r *http.Request, flow api.Flow) {
	p := page.Problem{Pill: "Not connected", Title: "The authorization of " + flow.Connection + " failed"}
	hint, status := "valetkey connect "+flow.Connection, http.StatusConflict
	if cause := flow.Cause; cause != nil {
		p.Detail = strings.TrimSpace(page.Sentence(cause.Title) + " " + page.Sentence(cause.Detail))
		if cause.Remedy != "" {
			hint = cause.Remedy
		}
		if cause.Code == causeExpired {
			p.Title, status = "The authorization of "+flow.Connection+" expired", http.StatusGone
		}
	}
	s.pages.Render(w, r, status, "problem", p.Advise(hint))
}

// title is the page's heading: what it means for the person who reads it.
func title(code api.Code) string {
	switch code {
	case api.CodeForbidden:
		return "This authorization was refused"
	case api.CodeNotFound, api.CodeInvalid:
		return "This authorization is not known"
	case api.CodeConflict:
		return "This authorization is over"
	case api.CodeNeedsAuthorization:
		return "Not connected"
	case api.CodeNeedsConfiguration:
		return "A setting must be changed first"
	case api.CodeBlocked:
		return "An administrator must allow this"
	case api.CodeUnreachable:
		return "The provider did not answer"
	default:
		return "Something went wrong here"
	}
}

func malformed(err error) error {
	return fault.Wrap(err, api.CodeInvalid, "the provider's answer is not well-formed").
		WithHint("begin a new authorization: valetkey connect NAME")
}
