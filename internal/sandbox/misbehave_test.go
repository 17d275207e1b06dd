package sandbox

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// sendRefresh posts a refresh and returns the response unread.
func (r *rig) sendRefresh(ctx context.Context, token string) (*http.Response, error) {
	form := r.tokenForm("refresh_token", "refresh_token", token)
	req := r.request("POST", "/token", form.Encode()).WithContext(ctx)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.browser.Do(req)
}

func TestExpiresInIsWrittenAsTheFaultSays(t *testing.T) {
	want := map[string]string{
		"string": `"3600"`, "float": "3600.0", "exponent": "3600e0", "padded": `" 3600 "`, "missing": "", "null": "null",
		"zero": "0", "negative": "-1", "huge": "10000000000000", "garbage": `"soon"`,
	}
	if len(want) != len(expiresInWords()) {
		t.Fatalf("the test knows %d forms, the fault %d", len(want), len(expiresInWords()))
	}
	for word, form := range want {
		t.Run(word, func(t *testing.T) {
			r := newRig(t, "expires_in="+word)
			rep := r.post("/token", r.tokenForm("client_credentials"))
			got := string(decode[map[string]json.RawMessage](t, rep)["expires_in"])
			if got != form {
				t.Errorf("expires_in = %s, want %s", got, form)
			}
			token := decode[tokens](t, rep).Access
			if rep := r.api("GET", "/v1.0/users", token, ""); rep.StatusCode != 200 {
				t.Errorf("the token itself must live as configured: %d", rep.StatusCode)
			}
		})
	}
}

func TestTokenTypeIsWrittenAsTheFaultSays(t *testing.T) {
	for word, want := range map[string]string{"lowercase": "bearer", "mac": "mac", "missing": ""} {
		r := newRig(t, "token_type="+word)
		rep := r.post("/token", r.tokenForm("client_credentials"))
		if got := decode[tokens](t, rep); got.Type != want || got.Access == "" {
			t.Errorf("%s: %+v", word, got)
		}
		if word == "missing" && strings.Contains(rep.body, "token_type") {
			t.Error("token_type is there")
		}
	}
}

func TestFaultsBeforeTheWorkSpendNothingAndHappenTheFirstTimesOnly(t *testing.T) {
	cases := map[string]struct {
		status  int
		kind    string
		errCode string
	}{
		"token_500":      {500, "text/html; charset=utf-8", ""},
		"token_503":      {503, "text/html; charset=utf-8", ""},
		"token_html":     {200, "text/html; charset=utf-8", ""},
		"token_redirect": {307, "", ""},
		"invalid_client": {401, "application/json", "invalid_client"},
		"invalid_grant":  {400, "application/json", "invalid_grant"},
		"error_in_200":   {200, "application/json", "temporarily_unavailable"},
	}
	for fault, c := range cases {
		t.Run(fault, func(t *testing.T) {
			r := newRig(t, "")
			token := r.connect().Refresh
			r.setFaults(fault + "=2")
			for range 2 {
				rep := r.refresh(token)
				if rep.StatusCode != c.status || rep.Header.Get("Content-Type") != c.kind {
					t.Errorf("status %d, type %q", rep.StatusCode, rep.Header.Get("Content-Type"))
				}
				if c.errCode != "" {
					wantError(t, rep, c.status, c.errCode)
				}
				if fault == "token_503" && rep.Header.Get("Retry-After") != "1" {
					t.Error("no Retry-After")
				}
			}
			if got := decode[tokens](t, r.refresh(token)); got.Refresh == "" {
				t.Errorf("the third time: %+v", got)
			}
			if n := r.srv.Requests().FaultsFired[fault]; n != 2 {
				t.Errorf("FaultsFired = %d, want 2", n)
			}
		})
	}
}

func TestFollowingTheTokenRedirectIsCounted(t *testing.T) {
	r := newRig(t, "token_redirect")
	rep := r.post("/token", r.tokenForm("client_credentials"))
	wantError(t, r.post(rep.Header.Get("Location"), url.Values{}), 400, "invalid_request")
	if n := r.srv.Requests().RedirectsFollowed; n != 1 {
		t.Errorf("RedirectsFollowed = %d, want 1", n)
	}
}

func TestErrorsAs200KeepsTheRealError(t *testing.T) {
	r := newRig(t, "errors_as_200")
	wantError(t, r.refresh("rt_unknown"), 200, "invalid_grant")
}

func TestTokenResponseBodies(t *testing.T) {
	r := newRig(t, "token_form=1")
	rep := r.post("/token", r.tokenForm("client_credentials"))
	form, err := url.ParseQuery(rep.body)
	if err != nil || form.Get("access_token") == "" || form.Get("expires_in") != "3600" || rep.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("token_form: %v %v %s", rep.Header, err, rep.body)
	}
	r.setFaults("token_text_html")
	rep = r.post("/token", r.tokenForm("client_credentials"))
	if decode[tokens](t, rep).Access == "" || !strings.HasPrefix(rep.Header.Get("Content-Type"), "text/html") {
		t.Errorf("token_text_html: %v %s", rep.Header, rep.body)
	}
}

func TestATruncatedResponseHasSpentTheRefreshToken(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Refresh
	r.setFaults("token_truncated=1")
	rep := r.refresh(token)
	if rep.StatusCode != 200 || json.Valid([]byte(rep.body)) || !strings.HasPrefix(rep.body, "{") {
		t.Errorf("status %d, body %q", rep.StatusCode, rep.body)
	}
	wantError(t, r.refresh(token), 400, "invalid_grant")
}

func TestTheGzipBombUnpacksTo64MiBOfValidJSON(t *testing.T) {
	r := newRig(t, "token_gzip_bomb")
	req := r.request("POST", "/token", r.tokenForm("client_credentials").Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept-Encoding", "gzip") // by hand, so that the transport leaves it packed
	resp, err := r.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	packed := &counter{from: resp.Body}
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, z, bombSize); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(z)
	if err != nil || !json.Valid(rest) {
		t.Errorf("after the blanks: %q, %v", rest, err)
	}
	if packed.n > bombSize/500 {
		t.Errorf("%d bytes on the wire are no bomb", packed.n)
	}
}

type counter struct {
	from io.Reader
	n    int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += n
	return n, err
}

func TestASlowResponseArrivesWholeInTheEnd(t *testing.T) {
	r := newRig(t, "token_slow=10us")
	if got := decode[tokens](t, r.post("/token", r.tokenForm("client_credentials"))); got.Access == "" {
		t.Errorf("tokens = %+v", got)
	}
}

func TestSlowAndHangingAnswersEndWhenTheClientLeaves(t *testing.T) {
	for _, fault := range []string{"token_slow=1h", "token_hang"} {
		t.Run(fault, func(t *testing.T) {
			r := newRig(t, fault)
			started, ended := make(chan struct{}), make(chan struct{})
			inner := r.srv.mux
			outer := http.NewServeMux()
			outer.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
				close(started)
				inner.ServeHTTP(w, req)
				close(ended)
			})
			ts := newPlainServer(t, outer)
			ctx, leave := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- postAndRead(ctx, ts, r.tokenForm("client_credentials")) }()
			<-started
			leave()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("client error = %v, want its own cancellation", err)
			}
			<-ended // the test would time out here if the handler stayed
		})
	}
}

func TestDropAfterRotateLosesTheAnswerAndSpendsTheToken(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Refresh
	r.setFaults("drop_after_rotate=1")
	if resp, err := r.sendRefresh(t.Context(), token); err == nil {
		resp.Body.Close()
		t.Fatalf("status %d, want a dropped connection", resp.StatusCode)
	}
	if issued := r.srv.Requests().TokensIssued; issued != 2 {
		t.Errorf("TokensIssued = %d, want 2: the lost one counts", issued)
	}
	wantError(t, r.refresh(token), 400, "invalid_grant")
}

func TestRotationFaults(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Refresh
	r.setFaults("no_rotation")
	if got := decode[tokens](t, r.refresh(token)); got.Refresh != token {
		t.Errorf("no_rotation: %+v", got)
	}
	r.setFaults("no_refresh_token")
	if rep := r.refresh(token); rep.StatusCode != 200 || strings.Contains(rep.body, "refresh_token") {
		t.Errorf("no_refresh_token: %d %s", rep.StatusCode, rep.body)
	}
	r.setFaults("empty_refresh_token")
	if rep := r.refresh(token); rep.StatusCode != 200 || !strings.Contains(rep.body, `"refresh_token":""`) {
		t.Errorf("empty_refresh_token: %d %s", rep.StatusCode, rep.body)
	}
	r.setFaults("rotate_reuse")
	for range 2 {
		if got := decode[tokens](t, r.refresh(token)); got.Refresh == "" || got.Refresh == token {
			t.Errorf("rotate_reuse: %+v", got)
		}
	}
	r.setFaults("")
	wantError(t, r.refresh(token), 400, "invalid_grant")
}
