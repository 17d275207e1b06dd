package sandbox

import (
	"strings"
	"testing"
	"time"
)

func TestParseFaultsReadsEveryKind(t *testing.T) {
	f, err := ParseFaults(" expires_in=string, token_503=2 ,rotate_reuse,token_slow=250ms,api_401_once,")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]setting{
		"expires_in":   {times: always, choice: "string"},
		"token_503":    {times: 2},
		"rotate_reuse": {times: always},
		"token_slow":   {times: always, pace: 250 * time.Millisecond},
		"api_401_once": {times: 1},
	}
	if len(f.settings) != len(want) {
		t.Errorf("settings = %v", f.settings)
	}
	for name, set := range want {
		if f.settings[name] != set {
			t.Errorf("%s = %+v, want %+v", name, f.settings[name], set)
		}
	}
	again, err := ParseFaults(f.String())
	if err != nil || again.String() != f.String() {
		t.Errorf("String does not read back: %q, %v", f.String(), err)
	}
}

func TestNoFaultsIsTheZeroValue(t *testing.T) {
	f, err := ParseFaults("")
	if err != nil || f.String() != "" || (Faults{}).String() != "" {
		t.Errorf("%q, %v", f, err)
	}
}

func TestParseFaultsExplainsMistakes(t *testing.T) {
	for in, want := range map[string]string{
		"token_530":             `unknown fault "token_530"; known, nearest first: token_5`,
		"no_rotaton":            `unknown fault "no_rotaton"; known, nearest first: no_rotation, `,
		"expires_in":            "expires_in takes one of string, float,",
		"expires_in=text":       `garbage, not "text"`,
		"token_503=some":        "takes a count such as token_503=2",
		"token_503=-1":          "takes a count",
		"token_slow=fast":       "takes a duration such as token_slow=250ms",
		"token_slow=0s":         "takes a duration",
		"token_503,token_503=1": `fault "token_503" is given twice`,
	} {
		_, err := ParseFaults(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseFaults(%q) = %v, want %q in it", in, err, want)
		}
	}
}

func TestEveryFaultIsExplainedOnOneLineAndParses(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range FaultNames() {
		if seen[f.Name] || f.Explanation == "" || strings.Contains(f.Explanation, "\n") {
			t.Errorf("fault %+v", f)
		}
		seen[f.Name] = true
		example := f.Name
		if f.Kind == Chosen {
			example += "=" + f.Values[0]
		}
		if _, err := ParseFaults(example); err != nil {
			t.Errorf("ParseFaults(%q): %v", example, err)
		}
		if !strings.HasPrefix(f.Usage(), f.Name) || f.Usage() == f.Name {
			t.Errorf("Usage() = %q", f.Usage())
		}
	}
	if !seen["drop_after_rotate"] || !seen["api_429"] {
		t.Errorf("seen = %v", seen)
	}
}

func TestFaultsCountDownAndStartAfreshWhenSetAgain(t *testing.T) {
	two, err := ParseFaults("token_503=2,token_500=0")
	if err != nil {
		t.Fatal(err)
	}
	b := newFaultBox(two)
	for round := range 2 {
		var fired []bool
		for range 3 {
			fired = append(fired, b.fire("token_503"))
		}
		if !fired[0] || !fired[1] || fired[2] {
			t.Errorf("round %d: fired %v, want the first two", round, fired)
		}
		b.set(two)
	}
	if b.fire("token_500") || b.fire("token_hang") {
		t.Error("a fault that is off or has the count 0 fired")
	}
	if _, fired := b.snapshot(); fired["token_503"] != 4 {
		t.Errorf("fired = %v, want 4 over both rounds", fired)
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"same", "same", 0}, {"ab", "ba", 2}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
