package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/store/memory"
)

const (
	good  = "correct horse battery"
	other = "another long password"
)

// desk is operators with a clock in the test's hand.
type desk struct {
	*access.Operators
	t   *testing.T
	now time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)}
	d.Operators = access.NewOperators(access.OperatorsConfig{Store: memory.NewOperators(), Now: func() time.Time { return d.now }})
	return d
}

// settled is a desk with the operator maria.
func settled(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	code, _, err := d.NewCode(t.Context())
	if err == nil {
		err = d.Redeem(t.Context(), code, "maria", good)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) signIn(password string) (string, error) {
	token, _, err := d.SignIn(d.t.Context(), "maria", password, "192.0.2.1")
	return token, err
}

func wantCode(t *testing.T, what string, err error, want api.Code) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

func TestACodeMakesTheFirstOperatorOnce(t *testing.T) {
	d := newDesk(t)
	if any, err := d.Any(t.Context()); any || err != nil {
		t.Fatalf("%v %v", any, err)
	}
	old, _, _ := d.NewCode(t.Context())
	code, expires, err := d.NewCode(t.Context())
	if err != nil || len(code) != 43 || expires != d.now.Add(access.CodeLifetime) {
		t.Fatalf("%q %v %v", code, expires, err)
	}
	wantCode(t, "the code before", d.Redeem(t.Context(), old, "maria", good), api.CodeForbidden)
	wantCode(t, "no name", d.Redeem(t.Context(), code, "Maria!", good), api.CodeInvalid)
	for _, password := range []string{"", "short", "eleven char", strings.Repeat("a", 40), "maria maria", strings.Repeat("ab", 200)} {
		wantCode(t, password, d.Redeem(t.Context(), code, "maria", password), api.CodeInvalid)
	}
	if err := d.Redeem(t.Context(), code, "maria", good); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "again", d.Redeem(t.Context(), code, "maria", other), api.CodeForbidden)
	if any, _ := d.Any(t.Context()); !any {
		t.Error("there is no operator")
	}
	if _, err := d.signIn(good); err != nil {
		t.Error(err)
	}
}

func TestACodeExpires(t *testing.T) {
	d := newDesk(t)
	code, expires, _ := d.NewCode(t.Context())
	d.now = expires
	wantCode(t, "late", d.Redeem(t.Context(), code, "maria", good), api.CodeForbidden)
}

func TestASessionIsAnOperatorsUntilItIsIdleOrOld(t *testing.T) {
	d := settled(t)
	token, err := d.signIn(good)
	if err != nil {
		t.Fatal(err)
	}
	begun := d.now
	for d.now.Sub(begun) < access.SessionLifetime-access.SessionIdle {
		d.now = d.now.Add(access.SessionIdle - time.Minute)
		s, p, err := d.Check(t.Context(), token)
		if err != nil || !p.MayAdminister() || p.Name != "maria" || s.Address != "192.0.2.1" {
			t.Fatalf("after %s: %+v %v", d.now.Sub(begun), p, err)
		}
	}
	d.now = begun.Add(access.SessionLifetime)
	_, p, err := d.Check(t.Context(), token)
	wantCode(t, "old", err, api.CodeUnauthenticated)
	if p.MayRead("mail") {
		t.Error("an ended session may read")
	}

	d = settled(t)
	token, _ = d.signIn(good)
	d.now = d.now.Add(access.SessionIdle)
	_, _, err = d.Check(t.Context(), token)
	wantCode(t, "idle", err, api.CodeUnauthenticated)
	d.now = d.now.Add(-access.SessionIdle)
	_, _, err = d.Check(t.Context(), token)
	wantCode(t, "ended for good", err, api.CodeUnauthenticated)
	for _, forged := range []string{"", "x", token + "x"} {
		_, _, err = d.Check(t.Context(), forged)
		wantCode(t, "forged", err, api.CodeUnauthenticated)
	}
}

func TestGuessingWaitsLongerAndLonger(t *testing.T) {
	d := settled(t)
	var waits []time.Duration
	for len(waits) < 6 {
		_, err := d.signIn("wrong")
		if !fault.Is(err, api.CodeRateLimited) {
			wantCode(t, "wrong", err, api.CodeUnauthenticated)
			continue
		}
		_, right := d.signIn(good)
		wantCode(t, "the right one while it is locked", right, api.CodeRateLimited)
		var waited time.Duration
		for ; fault.Is(err, api.CodeRateLimited); waited += time.Second {
			d.now = d.now.Add(time.Second)
			_, err = d.signIn("wrong")
		}
		waits = append(waits, waited)
	}
	for i := range waits[1:] {
		if waits[i+1] < waits[i] {
			t.Fatalf("waits: %v", waits)
		}
	}
	if waits[0] != time.Second || waits[5] < 30*time.Second {
		t.Errorf("waits: %v", waits)
	}
	// The account itself is open again from elsewhere long before the address is.
	d.now = d.now.Add(30 * time.Second)
	if _, _, err := d.SignIn(t.Context(), "maria", good, "198.51.100.9"); err != nil {
		t.Errorf("from another address: %v", err)
	}
}

func TestAnUnknownNameIsToldTheSameAsAWrongPassword(t *testing.T) {
	d := settled(t)
	_, wrong := d.signIn("wrong")
	_, _, unknown := d.SignIn(t.Context(), "nobody", good, "192.0.2.2")
	if wrong == nil || unknown == nil || wrong.Error() != unknown.Error() {
		t.Errorf("%v / %v", wrong, unknown)
	}
}

func TestANewPasswordEndsEverySession(t *testing.T) {
	d := settled(t)
	token, _ := d.signIn(good)
	wantCode(t, "wrong old one", d.ChangePassword(t.Context(), "maria", "wrong", other), api.CodeForbidden)
	wantCode(t, "bad new one", d.ChangePassword(t.Context(), "maria", good, "short"), api.CodeInvalid)
	if _, _, err := d.Check(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if err := d.ChangePassword(t.Context(), "maria", good, other); err != nil {
		t.Fatal(err)
	}
	_, _, err := d.Check(t.Context(), token)
	wantCode(t, "the session", err, api.CodeUnauthenticated)
	_, err = d.signIn(good)
	wantCode(t, "the old password", err, api.CodeUnauthenticated)
	if _, err := d.signIn(other); err != nil {
		t.Error(err)
	}
}

func TestAResetEndsEverySessionToo(t *testing.T) {
	d := settled(t)
	token, _ := d.signIn(good)
	code, _, _ := d.NewCode(t.Context())
	if err := d.Redeem(t.Context(), code, "maria", other); err != nil {
		t.Fatal(err)
	}
	_, _, err := d.Check(t.Context(), token)
	wantCode(t, "the session", err, api.CodeUnauthenticated)
}

func TestSigningOutEndsOneSessionOrAll(t *testing.T) {
	d := settled(t)
	first, _ := d.signIn(good)
	second, _ := d.signIn(good)
	third, _ := d.signIn(good)
	s, _, _ := d.Check(t.Context(), first)
	if err := d.SignOut(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, _, err := d.Check(t.Context(), first)
	wantCode(t, "signed out", err, api.CodeUnauthenticated)
	if _, _, err := d.Check(t.Context(), second); err != nil {
		t.Error(err)
	}
	if err := d.SignOutEverywhere(t.Context(), "maria"); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{second, third} {
		_, _, err := d.Check(t.Context(), token)
		wantCode(t, "everywhere", err, api.CodeUnauthenticated)
	}
}

func TestThePasswordIsKeptAsArgon2idWithASaltOfItsOwn(t *testing.T) {
	store := memory.NewOperators()
	o := access.NewOperators(access.OperatorsConfig{Store: store})
	for _, name := range []string{"a", "b"} {
		code, _, _ := o.NewCode(t.Context())
		if err := o.Redeem(t.Context(), code, name, good); err != nil {
			t.Fatal(err)
		}
	}
	kept, _ := store.Operators(t.Context())
	if len(kept) != 2 || kept[0].Password == kept[1].Password || !strings.HasPrefix(kept[0].Password, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(kept[0].Password, good) {
		t.Errorf("%+v", kept)
	}
}
