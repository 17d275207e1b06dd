package oauth

import (
	"slices"
	"testing"
	"time"
)

// Expiry counts from the moment of receipt; what the server's clock shows does
// not matter, and its own times are measured on its own clock.
func TestT01_ServerClockDoesNotMatter(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 0, 10 * time.Minute} {
		serverNow := received().Add(skew)
		date := serverNow.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
		token, err := ReadTokenResponse(answer(200, `{"access_token":"a","token_type":"bearer","expires_in":3600}`, "Date", date), received(), ResponseRules{})
		if err != nil || !token.ExpiresAt.Equal(received().Add(time.Hour)) {
			t.Errorf("skew %v: %v %v", skew, token.ExpiresAt, err)
		}
		at := serverNow.Add(time.Hour).Format(time.RFC3339)
		token, err = ReadTokenResponse(answer(200, `{"access_token":"a","token_type":"bearer","expires_at":"`+at+`"}`, "Date", date), received(), ResponseRules{})
		if err != nil || token.ExpiresIn != time.Hour || !token.ExpiresAt.Equal(received().Add(time.Hour)) {
			t.Errorf("skew %v, absolute: %v %v", skew, token.ExpiresAt, err)
		}
	}
}

// The monotonic reading of the receipt survives in the expiry, so that a jump
// of the wall clock does not reach it.
func TestT02_MonotonicReadingIsKept(t *testing.T) {
	now := time.Now()
	token, err := ReadTokenResponse(answer(200, `{"access_token":"a","token_type":"bearer","expires_in":60}`), now, ResponseRules{})
	if err != nil || token.ExpiresAt.String() == token.ExpiresAt.Round(0).String() {
		t.Errorf("no monotonic reading: %v %v", token.ExpiresAt, err)
	}
}

func TestT03_Missing(t *testing.T) {
	for name, c := range map[string]struct {
		rules ExpiryRules
		want  time.Duration
		known bool
	}{
		"unknown":           {ExpiryRules{}, 0, false},
		"described default": {ExpiryRules{DefaultExpiresIn: 3600}, time.Hour, true},
		"to introspect":     {ExpiryRules{DefaultExpiresIn: 3600, Expires: ExpiresIntrospect}, 0, false},
		"never":             {ExpiryRules{Expires: ExpiresNever}, 0, false},
	} {
		token := mustRead(t, `{"access_token":"a","token_type":"bearer"}`, ResponseRules{ExpiryRules: c.rules})
		if token.ExpiresIn != c.want || token.ExpiryKnown != c.known {
			t.Errorf("%s: %v %v", name, token.ExpiresIn, token.ExpiryKnown)
		}
	}
}

func expiring(t *testing.T, value string, rules ExpiryRules) Token {
	t.Helper()
	return mustRead(t, `{"access_token":"a","token_type":"bearer","expires_in":`+value+`}`, ResponseRules{ExpiryRules: rules})
}

func TestT04_ZeroAndNegative(t *testing.T) {
	for _, value := range []string{"0", `"0"`, "-1", "-1e30", "0.0"} {
		token := expiring(t, value, ExpiryRules{})
		if !token.ExpiryKnown || token.ExpiresIn != 0 || !token.ExpiresAt.Equal(received()) || !slices.Equal(token.Warnings, []Warning{WarnExpiredOnArrival}) {
			t.Errorf("%s: %v %v %v", value, token.ExpiryKnown, token.ExpiresAt, token.Warnings)
		}
		if never := expiring(t, value, ExpiryRules{Expires: ExpiresNever}); never.ExpiryKnown || len(never.Warnings) > 0 {
			t.Errorf("%s, described as never: %v %v", value, never.ExpiryKnown, never.Warnings)
		}
	}
}

func TestT05_NumbersInEveryDress(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"3600": time.Hour, `"3600"`: time.Hour, "3600.0": time.Hour, "1e3": 1000 * time.Second, `" 3600 "`: time.Hour, `"1e3"`: 1000 * time.Second, "0.5": time.Second / 2,
	} {
		token := expiring(t, value, ExpiryRules{})
		if token.ExpiresIn != want || !token.ExpiryKnown || len(token.Warnings) != 0 {
			t.Errorf("%s: %v %v", value, token.ExpiresIn, token.Warnings)
		}
	}
	for unit, want := range map[string]time.Duration{"": time.Minute, "s": time.Minute, "ms": 60 * time.Millisecond, "m": time.Hour} {
		if token := expiring(t, "60", ExpiryRules{ExpiresIn: &Lifetime{Unit: unit}}); token.ExpiresIn != want {
			t.Errorf("unit %q: %v", unit, token.ExpiresIn)
		}
	}
}

func TestT06_Garbage(t *testing.T) {
	for _, value := range []string{`"abc"`, "true", "[]", "{}", `""`, `"NaN"`, `"Infinity"`, `"0x10"`, `"1_000"`, `"1e"`} {
		token := expiring(t, value, ExpiryRules{})
		if token.AccessToken != "a" || token.ExpiryKnown || !slices.Equal(token.Warnings, []Warning{WarnExpiryUnreadable}) {
			t.Errorf("%s: %v %v", value, token.ExpiryKnown, token.Warnings)
		}
	}
	if token := expiring(t, "null", ExpiryRules{}); token.ExpiryKnown || len(token.Warnings) != 0 {
		t.Errorf("null: %v", token.Warnings)
	}
}

func TestT07_HugeIsAYear(t *testing.T) {
	for _, value := range []string{"10000000000000", "1e300", `"99999999999999999999999999"`, "1e999"} {
		token := expiring(t, value, ExpiryRules{})
		if token.ExpiresIn != 365*24*time.Hour || !slices.Equal(token.Warnings, []Warning{WarnExpiryClamped}) {
			t.Errorf("%s: %v %v", value, token.ExpiresIn, token.Warnings)
		}
	}
}

func TestT08_AbsoluteTimes(t *testing.T) {
	for member, rule := range map[string]*Instant{
		`"expires_on":"1795266000"`:                  nil, // 2026-11-21T13:00:00Z
		`"expires_on":1795266000`:                    nil,
		`"expires_at":"2026-11-21T13:00:00Z"`:        nil,
		`"expires_at":"2026-11-21T14:00:00+01:00"`:   nil,
		`"expires_at":"2026-11-21T13:00Z"`:           nil,
		`"expires_at":1795266000000`:                 nil,
		`"valid":"Sat, 21 Nov 2026 13:00:00 GMT"`:    {Pointer: "/valid", Format: "http"},
		`"until":{"ms":"1795266000000"}`:             {Pointer: "/until/ms", Format: "unix_ms"},
		`"expires_in":"x","expires_on":"1795266000"`: nil,
	} {
		token := mustRead(t, `{"access_token":"a","token_type":"bearer",`+member+`}`, ResponseRules{ExpiryRules: ExpiryRules{ExpiresAt: rule}})
		if token.ExpiresIn != time.Hour || !token.ExpiryKnown {
			t.Errorf("%s: %v %v", member, token.ExpiresIn, token.Warnings)
		}
	}
	token := mustRead(t, `{"access_token":"a","token_type":"bearer","expires_at":"soon"}`, ResponseRules{})
	if token.ExpiryKnown || !slices.Equal(token.Warnings, []Warning{WarnExpiryUnreadable}) {
		t.Errorf("soon: %v", token.Warnings)
	}
}

func TestARefreshTokensLifetimeIsRead(t *testing.T) {
	for member, want := range map[string]time.Time{
		`"refresh_token_expires_in":60`: received().Add(time.Minute),
		`"refresh_expires_in":"60"`:     received().Add(time.Minute),
		`"refresh_expires_in":0`:        {},
		`"other":1`:                     {},
	} {
		token := mustRead(t, `{"access_token":"a","token_type":"bearer","refresh_token":"r",`+member+`}`, ResponseRules{})
		if !token.RefreshExpiresAt.Equal(want) {
			t.Errorf("%s: %v", member, token.RefreshExpiresAt)
		}
	}
}

func TestP12_RetryAfter(t *testing.T) {
	now := received()
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second, "2.5": 2500 * time.Millisecond, " 3 ": 3 * time.Second, "0": 0, "-5": 0,
		"Sat, 21 Nov 2026 12:00:30 GMT": 30 * time.Second,
		"Sat, 21 Nov 2026 11:00:00 GMT": 0,
		"2026-11-21T12:01:00Z":          time.Minute,
		"2026-11-21T12:01Z":             time.Minute,
		"1795262460":                    time.Minute,
		"1795262460000":                 time.Minute,
		"1000000000":                    24 * time.Hour,
		"1e300":                         24 * time.Hour,
	} {
		if got, ok := ParseRetryAfter(value, now); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", value, got, ok, want)
		}
	}
	for _, value := range []string{"", "soon", "NaN"} {
		if got, ok := ParseRetryAfter(value, now); ok || got != 0 {
			t.Errorf("%q: %v %v", value, got, ok)
		}
	}
}
