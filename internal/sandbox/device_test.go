package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// deviceRig is a server with its own clock, asked directly.
type deviceRig struct {
	t   *testing.T
	s   *Server
	now time.Time
}

func newDeviceRig(t *testing.T) *deviceRig {
	t.Helper()
	rig := &deviceRig{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	s, err := New(Config{Issuer: "http://127.0.0.1:1", ClientSecret: "s", Now: func() time.Time { return rig.now }})
	if err != nil {
		t.Fatal(err)
	}
	rig.s = s
	return rig
}

func (rig *deviceRig) post(path string, form url.Values) (int, string) {
	rig.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if path != "/device" {
		r.SetBasicAuth(confidentialID, "s")
	}
	w := httptest.NewRecorder()
	rig.s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func (rig *deviceRig) begin() (device, user string) {
	rig.t.Helper()
	status, body := rig.post("/device_authorization", url.Values{"scope": {"User.Read offline_access"}})
	var codes struct {
		Device   string `json:"device_code"`
		User     string `json:"user_code"`
		Complete string `json:"verification_uri_complete"`
	}
	if err := json.Unmarshal([]byte(body), &codes); err != nil || status != 200 || !strings.HasSuffix(codes.Complete, codes.User) {
		rig.t.Fatalf("%d %s", status, body)
	}
	return codes.Device, codes.User
}

func (rig *deviceRig) poll(device string) (int, string) {
	rig.t.Helper()
	rig.now = rig.now.Add(2 * time.Second)
	return rig.post("/token", url.Values{"grant_type": {grantTypeDevice}, "device_code": {device}})
}

func (rig *deviceRig) decide(user, action string) (int, string) {
	rig.t.Helper()
	return rig.post("/device", url.Values{"user_code": {strings.ToLower(user)}, "username": {testUser}, "password": {testPassword}, "action": {action}})
}

func TestADeviceGetsTokensOnceThePersonAllowsIt(t *testing.T) {
	rig := newDeviceRig(t)
	device, user := rig.begin()
	if status, body := rig.poll(device); status != 400 || !strings.Contains(body, "authorization_pending") {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := rig.post("/token", url.Values{"grant_type": {grantTypeDevice}, "device_code": {device}}); status != 400 || !strings.Contains(body, "slow_down") {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := rig.decide(user, "allow"); status != 200 || !strings.Contains(body, "connected") {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := rig.poll(device); status != 200 || !strings.Contains(body, "refresh_token") {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := rig.poll(device); status != 400 || !strings.Contains(body, "invalid_grant") {
		t.Fatalf("a device code was used twice: %d %s", status, body)
	}
}

func TestADeviceThatIsRefusedOrForgottenGetsNothing(t *testing.T) {
	rig := newDeviceRig(t)
	device, user := rig.begin()
	if status, _ := rig.decide(user, "deny"); status != 200 {
		t.Fatal(status)
	}
	if _, body := rig.poll(device); !strings.Contains(body, "access_denied") {
		t.Fatal(body)
	}
	late, code := rig.begin()
	rig.now = rig.now.Add(deviceLifetime)
	if status, _ := rig.decide(code, "allow"); status != 422 {
		t.Fatal("an expired code was taken")
	}
	if _, body := rig.poll(late); !strings.Contains(body, "expired_token") {
		t.Fatal(body)
	}
}

func TestTheDevicePageAsksForTheCodeAndThePassword(t *testing.T) {
	rig := newDeviceRig(t)
	_, user := rig.begin()
	w := httptest.NewRecorder()
	rig.s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/device?user_code="+user, nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `value="`+user+`"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if status, body := rig.post("/device", url.Values{"user_code": {user}, "username": {testUser}, "password": {"guess"}, "action": {"allow"}}); status != 422 || !strings.Contains(body, "not the test user") {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := rig.decide("AAAA-AAAA", "allow"); status != 422 || !strings.Contains(body, "No device waits") {
		t.Fatalf("%d %s", status, body)
	}
}
