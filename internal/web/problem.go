package web

import (
	"log/slog"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// problem is what an error page shows.
type problem struct {
	Title  string // what kind of thing went wrong
	Detail string // what went wrong here
	Advice string // what to do
}

// fail renders an error. What happened inside stays in the log.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	shown := fault.As(err)
	level := slog.LevelInfo
	if shown.Code == api.CodeInternal {
		level = slog.LevelError
	}
	s.log.Log(r.Context(), level, "page", slog.String("path", routeOf(r)), slog.String("code", string(shown.Code)), slog.Any("cause", shown.Cause))
	s.pages.render(w, pageStatus(shown.Code), "problem", problem{
		Title:  title(shown.Code),
		Detail: sentence(shown.Message),
		Advice: shown.Hint,
	})
}

// routeOf names the route without the flow's id or the parameters of a callback.
func routeOf(r *http.Request) string { return r.Pattern }

// pageStatus differs from the API's where a browser is concerned: a person who
// said no was not refused by us.
func pageStatus(code api.Code) int { return fault.Status(code) }

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
	if message == "" {
		return ""
	}
	first := message[:1]
	if first >= "a" && first <= "z" {
		message = string(first[0]-'a'+'A') + message[1:]
	}
	return message + "."
}

func malformed(err error) error {
	return fault.Wrap(err, api.CodeInvalid, "the provider's answer is not well-formed").
		WithHint("begin a new authorization: valetkey connect NAME")
}

func failed(flow api.Flow) problem {
	p := problem{Title: "Not connected", Detail: "The authorization did not succeed.", Advice: "valetkey connect " + flow.Connection}
	if flow.Cause != nil {
		p.Detail, p.Advice = sentence(flow.Cause.Title), flow.Cause.Remedy
	}
	return p
}
