package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// requestIDHeader is set by package rest on every answer.
const requestIDHeader = "Valetkey-Request-Id"

// causeExpired is the broker's code for a flow that nobody finished in time.
const causeExpired = "expired"

// problem is what an error page shows.
type problem struct {
	Pill      string // what it means for what was there before
	Title     string // what kind of thing went wrong
	Detail    string // what went wrong here
	Advice    string // what to do
	Command   string // what to run
	RequestID string // finds it in the server's log
}

// fail renders an error. What happened inside stays in the log. flow is the
// one it is about, where that is known: one that ended keeps why, which says
// more than that it is over.
func (s *site) fail(w http.ResponseWriter, r *http.Request, flow string, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the person has left
	}
	shown := fault.As(err)
	id := w.Header().Get(requestIDHeader)
	s.note(r, id, shown)
	if shown.Code == api.CodeConflict && flow != "" {
		if past, err := s.flows.Flow(r.Context(), flow); err == nil && past.Status == api.FlowFailed {
			s.ended(w, past)
			return
		}
	}
	page := problem{Pill: "Nothing was changed", Title: title(shown.Code), Detail: sentence(shown.Message)}
	if shown.Code == api.CodeInternal {
		page.Pill, page.RequestID = "An error of this server", id
	}
	s.pages.render(w, pageStatus(shown.Code), "problem", page.advise(shown.Hint))
}

// note writes to the log what a page says, and what stays behind it.
func (s *site) note(r *http.Request, id string, shown *fault.Error) {
	level := slog.LevelInfo
	if shown.Code == api.CodeInternal {
		level = slog.LevelError
	}
	s.log.Log(r.Context(), level, "page", slog.String("request_id", id), slog.String("path", routeOf(r)),
		slog.String("code", string(shown.Code)), slog.Any("cause", shown.Cause))
}

// routeOf names the route without the flow's id or the parameters of a callback.
func routeOf(r *http.Request) string { return r.Pattern }

// pageStatus differs from the API's where a browser is concerned: the page is
// there, it is what the request names that is not.
func pageStatus(code api.Code) int {
	if code == api.CodeNotFound {
		return http.StatusBadRequest
	}
	return fault.Status(code)
}

// ended shows a flow that failed, and why, as it was noted when it did.
func (s *site) ended(w http.ResponseWriter, flow api.Flow) {
	p := problem{Pill: "Not connected", Title: "The authorization of " + flow.Connection + " failed"}
	hint, status := "valetkey connect "+flow.Connection, http.StatusConflict
	if cause := flow.Cause; cause != nil {
		p.Detail = strings.TrimSpace(sentence(cause.Title) + " " + sentence(cause.Detail))
		if cause.Remedy != "" {
			hint = cause.Remedy
		}
		if cause.Code == causeExpired {
			p.Title, status = "The authorization of "+flow.Connection+" expired", http.StatusGone
		}
	}
	s.pages.render(w, status, "problem", p.advise(hint))
}

// advise puts the command of a hint apart from its words.
func (p problem) advise(hint string) problem {
	words, command, found := strings.Cut(hint, ": valetkey ")
	switch {
	case found && !strings.Contains(command, ": "):
		p.Advice, p.Command = sentenceCase(words)+":", "valetkey "+command
	case strings.HasPrefix(hint, "valetkey connect ") && strings.Count(hint, " ") == 2:
		p.Advice, p.Command = "Begin a new one:", hint
	default:
		p.Advice = sentence(hint)
	}
	return p
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

// sentence makes a message a sentence of its own.
func sentence(message string) string {
	if said := strings.TrimRight(message, ")"); said == "" || strings.ContainsAny(said[len(said)-1:], ".!?") {
		return sentenceCase(message)
	}
	return sentenceCase(message) + "."
}

// sentenceCase begins with a capital, unless a command stands there.
func sentenceCase(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' || strings.HasPrefix(text, "valetkey ") {
		return text
	}
	return string(text[0]-'a'+'A') + text[1:]
}

func malformed(err error) error {
	return fault.Wrap(err, api.CodeInvalid, "the provider's answer is not well-formed").
		WithHint("begin a new authorization: valetkey connect NAME")
}
