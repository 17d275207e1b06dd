package prompt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestEachCodeHasItsExitCode(t *testing.T) {
	for code, want := range map[api.Code]int{
		api.CodeInternal: 1, api.CodeInvalid: 1, api.CodeConflict: 1,
		api.CodeNotFound:           3,
		api.CodeNeedsAuthorization: 4, api.CodeRevoked: 4,
		api.CodeNeedsConfiguration: 5, api.CodeBlocked: 5,
		api.CodeUpstream:  6,
		api.CodeForbidden: 7, api.CodeUnauthenticated: 7,
		api.CodeUnreachable: 8, api.CodeUnavailable: 8,
	} {
		p := &Prompt{Streams: Streams{Err: &bytes.Buffer{}}}
		if got := p.Report(t.Context(), fmt.Errorf("around: %w", &api.Problem{Code: code})); got != want {
			t.Errorf("%s from the server: %d, want %d", code, got, want)
		}
		if got := p.Report(t.Context(), fault.New(code, "x")); got != want {
			t.Errorf("%s from here: %d, want %d", code, got, want)
		}
	}
}

func TestErrorsAreSaidOnceWithTheirHint(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		code int
		text string
	}{
		"nothing":             {t.Context(), nil, 0, ""},
		"usage":               {t.Context(), Usage("do this", "wrong %s", "x"), 2, "error: wrong x\nhint: do this\n"},
		"a fault":             {t.Context(), fault.Wrap(errors.New("secret"), api.CodeInternal, "bad").WithHint("fix"), 1, "error: bad\nhint: fix\n"},
		"internal with an id": {t.Context(), &api.Problem{Code: api.CodeInternal, Detail: "bad", RequestID: "r1"}, 1, "error: bad\nhint: request id r1\n"},
		"interrupted":         {cancelled, context.Canceled, 1, "error: interrupted\n"},
		"any other":           {t.Context(), errors.New("odd"), 1, "error: odd\n"},
		"a closed pipe":       {t.Context(), &fs.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, 1, ""},
		"control characters":  {t.Context(), &api.Problem{Code: api.CodeUpstream, Detail: "a\x1b[2Jb\rc\u0085"}, 6, "error: a [2Jb c\n"},
		"only a title":        {t.Context(), &api.Problem{Code: api.CodeBlocked, Title: "Blocked"}, 5, "error: blocked\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			p := &Prompt{Streams: Streams{Err: &said}}
			if code := p.Report(c.ctx, c.err); code != c.code {
				t.Errorf("code %d, want %d", code, c.code)
			}
			if said.String() != c.text {
				t.Errorf("said %q, want %q", said.String(), c.text)
			}
		})
	}
}

func TestWithJSONAnErrorIsOneObject(t *testing.T) {
	var said bytes.Buffer
	p := &Prompt{Streams: Streams{Err: &said}, Flags: GlobalFlags{Output: "json"}}
	p.Report(t.Context(), &api.Problem{Code: api.CodeNotFound, Title: "No such thing", Detail: "<x>", Hint: "look\nagain"})
	var back api.Problem
	if err := json.Unmarshal(said.Bytes(), &back); err != nil || back.Code != api.CodeNotFound || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("%v: %s", err, said.String())
	}
	if !strings.Contains(said.String(), "<x>") {
		t.Error("the text is escaped beyond need:", said.String())
	}
}
