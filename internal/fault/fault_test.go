package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestTheCauseStaysHiddenAndCanBeFound(t *testing.T) {
	inner := errors.New("password is hunter2")
	err := fault.Wrap(inner, api.CodeUnreachable, "%s cannot be reached", "example.com").WithHint("check %s", "DNS")
	if strings.Contains(err.Error(), "hunter2") || err.Hint != "check DNS" {
		t.Fatalf("%q, hint %q", err.Error(), err.Hint)
	}
	if !errors.Is(err, inner) || !fault.Is(fmt.Errorf("outer: %w", err), api.CodeUnreachable) {
		t.Fatal("the cause or code is lost")
	}
}

func TestAnErrorWithoutAFaultIsInternalAndSaysNothing(t *testing.T) {
	found := fault.As(errors.New("select secret from clients"))
	if found.Code != api.CodeInternal || strings.Contains(found.Message, "select") || found.Hint == "" {
		t.Fatalf("%+v", found)
	}
	if fault.Is(errors.New("x"), api.CodeInternal) {
		t.Fatal("a plain error carries no code")
	}
}

func TestAHintIsAddedToACopy(t *testing.T) {
	bare := fault.New(api.CodeInvalid, "wrong")
	if bare.WithHint("do this"); bare.Hint != "" {
		t.Fatal("the original changed")
	}
}

func TestEveryCodeHasATitleAndAStatus(t *testing.T) {
	statuses := map[api.Code]int{
		api.CodeInternal: 500, api.CodeInvalid: 400, api.CodeNotFound: 404, api.CodeConflict: 409,
		api.CodeUnauthenticated: 401, api.CodeForbidden: 403, api.CodeNeedsAuthorization: 409,
		api.CodeNeedsConfiguration: 409, api.CodeBlocked: 409, api.CodeRevoked: 409,
		api.CodeUnreachable: 502, api.CodeUpstream: 502, api.CodeUnavailable: 503, api.CodeRateLimited: 429,
	}
	titles := make(map[string]api.Code)
	for code, want := range statuses {
		if got := fault.Status(code); got != want {
			t.Errorf("%s has status %d, want %d", code, got, want)
		}
		title := fault.Title(code)
		if other, taken := titles[title]; taken {
			t.Errorf("%s and %s share the title %q", code, other, title)
		}
		titles[title] = code
	}
}
