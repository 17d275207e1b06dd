package page

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// RequestIDHeader is set by package rest on every answer.
const RequestIDHeader = "Valetkey-Request-Id"

// Problem is what an error page shows.
type Problem struct {
	Pill      string // what it means for what was there before
	Title     string // what kind of thing went wrong
	Detail    string // what went wrong here
	Advice    string // what to do
	Command   string // what to run
	RequestID string // finds it in the server's log
}

// Fail renders an error of a page that an operator asked for. What happened
// inside stays in the log.
func Fail(s *Set, w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the person has left
	}
	shown := fault.As(err)
	id := w.Header().Get(RequestIDHeader)
	Note(r, log, id, shown)
	p := Problem{Pill: s.Word("problem.not_done"), Title: fault.Title(shown.Code), Detail: Sentence(shown.Message)}
	if shown.Code == api.CodeInternal {
		p.Pill, p.RequestID = s.Word("problem.ours"), id
	}
	s.Render(w, r, fault.Status(shown.Code), "problem", p.Advise(shown.Hint))
}

// Note writes to the log what a page says, and what stays behind it.
func Note(r *http.Request, log *slog.Logger, id string, shown *fault.Error) {
	level := slog.LevelInfo
	if shown.Code == api.CodeInternal {
		level = slog.LevelError
	}
	// The pattern names the route without a flow's id or a callback's parameters.
	log.Log(r.Context(), level, "page", slog.String("request_id", id), slog.String("path", r.Pattern),
		slog.String("code", string(shown.Code)), slog.Any("cause", shown.Cause))
}

// Advise puts the command of a hint apart from its words.
func (p Problem) Advise(hint string) Problem {
	words, command, found := strings.Cut(hint, ": valetkey ")
	begin, with, more := strings.Cut(hint, ", and ")
	switch {
	case found && !strings.Contains(command, ": "):
		p.Advice, p.Command = sentenceCase(words)+":", "valetkey "+command
	case strings.HasPrefix(hint, "valetkey connect ") && strings.Count(hint, " ") == 2:
		p.Advice, p.Command = "Begin a new one:", hint
	case more && strings.HasPrefix(begin, "valetkey connect ") && strings.Count(begin, " ") == 2:
		p.Advice, p.Command = "Begin a new one, and "+with+":", begin
	default:
		p.Advice = Sentence(hint)
	}
	return p
}

// Sentence makes a message a sentence of its own.
func Sentence(message string) string {
	if said := strings.TrimRight(message, ")"); said == "" || strings.ContainsAny(said[len(said)-1:], ".!?") {
		return sentenceCase(message)
	}
	return sentenceCase(message) + "."
}

// Sentences are an error with what to do about it.
func Sentences(shown *fault.Error) string {
	return strings.TrimSpace(Sentence(shown.Message) + " " + Sentence(shown.Hint))
}

// sentenceCase begins with a capital, unless a command stands there.
func sentenceCase(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' || strings.HasPrefix(text, "valetkey ") {
		return text
	}
	return string(text[0]-'a'+'A') + text[1:]
}
