package broker_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

// withDevice gives the fake provider a device authorization endpoint.
func (h *harness) withDevice() {
	h.t.Helper()
	h.server.Config.Handler.(*http.ServeMux).HandleFunc("POST /device", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"device_code":"the-device-code","user_code":"WDJB-MJHT","verification_uri":"%s/activate","expires_in":900,"interval":5}`, h.server.URL)
	})
	p, err := h.Provider(h.ctx, "fake")
	h.must(err)
	p.DeviceAuthorizationEndpoint = h.server.URL + "/device"
	_, err = h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	h.server.says(func(url.Values, int) (int, string) { return 400, `{"error":"authorization_pending"}` })
}

func (h *harness) flow(id string) api.Flow {
	h.t.Helper()
	flow, err := h.Flow(h.ctx, id)
	h.must(err)
	return flow
}

func TestRFC8628_3_3_ADeviceFlowShowsACodeAndEndsWhenThePersonApproves(t *testing.T) {
	h := newHarness(t)
	h.withDevice()
	begun, err := h.Begin(h.ctx, "mail", api.AuthorizeRequest{Device: true})
	h.must(err)
	if begun.UserCode != "WDJB-MJHT" || begun.VerificationURI != h.server.URL+"/activate" || begun.AuthorizationURL != "" {
		t.Fatalf("%+v", begun)
	}
	for range 3 { // looking more often than the interval asks nothing
		if flow := h.flow(begun.Flow); flow.Status != api.FlowPending {
			t.Fatalf("%+v", flow)
		}
	}
	if n := len(h.server.requests); n != 0 {
		t.Fatalf("RFC 8628 section 3.5: polled %d times before the first interval was over", n)
	}
	h.clock.advance(5 * time.Second)
	h.flow(begun.Flow)
	h.flow(begun.Flow)
	if n := len(h.server.requests); n != 1 {
		t.Fatalf("polled %d times in one interval", n)
	}
	if form := h.server.last(); form.Get("device_code") != "the-device-code" || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" {
		t.Fatalf("polled with %q", form)
	}
	h.Broker = h.open() // a restart in between
	h.clock.advance(5 * time.Second)
	h.server.says(rotating)
	if flow := h.flow(begun.Flow); flow.Status != api.FlowDone {
		t.Fatalf("%+v", flow)
	}
	h.wantToken("mail", "at-2")
	h.clock.advance(2 * time.Hour)
	h.wantToken("mail", "at-3")
}

func TestRFC8628_3_5_b_SlowDownStretchesTheIntervalForGood(t *testing.T) {
	h := newHarness(t)
	h.withDevice()
	begun, err := h.Begin(h.ctx, "mail", api.AuthorizeRequest{Device: true})
	h.must(err)
	h.server.says(func(url.Values, int) (int, string) { return 400, `{"error":"slow_down"}` })
	h.clock.advance(5 * time.Second)
	h.flow(begun.Flow)
	h.clock.advance(9 * time.Second)
	h.flow(begun.Flow)
	if n := len(h.server.requests); n != 1 {
		t.Fatalf("polled %d times", n)
	}
	h.clock.advance(time.Second)
	h.flow(begun.Flow)
	if n := len(h.server.requests); n != 2 {
		t.Fatalf("polled %d times", n)
	}
}

func TestADeviceFlowThatIsRefusedOrExpiresSaysSo(t *testing.T) {
	for code, want := range map[string]string{"access_denied": "access_denied", "expired_token": "expired"} {
		t.Run(code, func(t *testing.T) {
			h := newHarness(t)
			h.withDevice()
			begun, err := h.Begin(h.ctx, "mail", api.AuthorizeRequest{Device: true})
			h.must(err)
			h.server.says(func(url.Values, int) (int, string) { return 400, `{"error":"` + code + `"}` })
			h.clock.advance(5 * time.Second)
			for range 2 { // RFC 8628 section 3.5: polling stops
				flow := h.flow(begun.Flow)
				if flow.Status != api.FlowFailed || flow.Cause.Code != want || flow.Cause.Remedy == "" {
					t.Fatalf("%+v %+v", flow, flow.Cause)
				}
				h.clock.advance(time.Minute)
			}
			if n := len(h.server.requests); n != 1 {
				t.Fatalf("polled %d times", n)
			}
			h.wantState("mail", api.StateNew)
		})
	}
}

func TestRFC9470_4_ADeviceFlowAsksForWhatAnAPIWantsBesides(t *testing.T) {
	h := newHarness(t)
	h.withDevice()
	asked := make(chan url.Values, 1)
	h.server.Config.Handler.(*http.ServeMux).HandleFunc("POST /asked", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked <- r.PostForm
		_, _ = fmt.Fprintf(w, `{"device_code":"dc","user_code":"AB","verification_uri":"%s/activate","expires_in":900}`, h.server.URL)
	})
	p, err := h.Provider(h.ctx, "fake")
	h.must(err)
	p.DeviceAuthorizationEndpoint, p.ResponseMode = h.server.URL+"/asked", "query"
	_, err = h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	none := 0
	_, err = h.Begin(h.ctx, "mail", api.AuthorizeRequest{Device: true, StepUp: api.StepUp{Scopes: []string{"mail.send"}, ACRValues: "gold", MaxAge: &none, Claims: `{"a":1}`}})
	h.must(err)
	got := <-asked
	if !strings.HasSuffix(got.Get("scope"), "mail.send") || got.Get("acr_values") != "gold" || got.Get("max_age") != "0" || got.Get("claims") != `{"a":1}` || got.Has("response_mode") {
		t.Errorf("asked for %v", got)
	}
}

func TestAProviderWithoutDeviceEndpointSaysSo(t *testing.T) {
	h := newHarness(t)
	_, err := h.Begin(h.ctx, "mail", api.AuthorizeRequest{Device: true})
	wantCode(t, err, api.CodeNeedsConfiguration)
}
