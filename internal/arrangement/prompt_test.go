package arrangement

import "testing"

// OpenID Connect Core section 3.1.2.1: prompt is a list, in which none stands alone.
func TestWhatADescriptionAsksOfAPersonIsAskedBesideWhatThisAuthorizationAsks(t *testing.T) {
	for _, c := range []struct{ fixed, asked, want string }{
		{"consent", "login", "consent login"},
		{"consent", "consent", "consent"},
		{"consent select_account", "select_account login", "consent select_account login"},
		{"consent", "none", "none"},
		{"none", "login", "login"},
	} {
		if got := bothPrompts(c.fixed, c.asked); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.fixed, c.asked, got, c.want)
		}
	}
}
