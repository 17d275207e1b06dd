package call

import (
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

func TestP25_ACallerLearnsWhetherACallMayBeSentAgain(t *testing.T) {
	broken := io.ErrUnexpectedEOF
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, c := range map[string]struct {
		request Request
		failure error
		want    bool
	}{
		"a POST that may have been carried out": {Request{Method: http.MethodPost}, broken, false},
		"a PUT of which nobody says more":       {Request{Method: http.MethodPut}, broken, false},
		"a GET":                                 {Request{}, broken, true},
		"a POST with a key":                     {Request{Method: http.MethodPost, Header: http.Header{"Idempotency-Key": {"1"}}}, broken, true},
		"a POST that was not sent":              {Request{Method: http.MethodPost}, refused, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []reply{{}}, failure: c.failure}
				_, err := scripted(s, nil).Do(t.Context(), "mail", c.request)
				shown := fault.As(err)
				if shown.Code != api.CodeUnreachable || shown.RetrySafe == nil || *shown.RetrySafe != c.want || !errors.Is(err, c.failure) {
					t.Errorf("got %+v", shown)
				}
				if !c.want && len(s.at) != 1 {
					t.Errorf("it was sent %d times", len(s.at))
				}
			})
		})
	}
}

func TestACallThatMayBeRepeatedByItsSettingsIsSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []reply{{}}, failure: io.ErrUnexpectedEOF}
		engine := scripted(s, func(target *target.Target) { target.Retry.Methods = []string{http.MethodPut} })
		_, err := engine.Do(t.Context(), "mail", Request{Method: http.MethodPut})
		if shown := fault.As(err); shown.RetrySafe == nil || !*shown.RetrySafe {
			t.Errorf("got %+v", shown)
		}
	})
}
