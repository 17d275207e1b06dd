package console

import (
	"testing"
	"time"
)

func TestTimesAreShownWithTheirDistance(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	at := func(d time.Duration) *time.Time { moved := now.Add(d); return &moved }
	for _, c := range []struct {
		when *time.Time
		want string
	}{
		{nil, "-"},
		{&time.Time{}, "-"},
		{at(300 * time.Millisecond), "2026-01-02 03:04:05 (now)"},
		{at(42 * time.Second), "2026-01-02 03:04:47 (in 42s)"},
		{at(-90 * time.Second), "2026-01-02 03:02:35 (1m30s ago)"},
		{at(61 * time.Minute), "2026-01-02 04:05:05 (in 1h01m)"},
		{at(100 * time.Hour), "2026-01-06 07:04:05 (in 4 days)"},
	} {
		if got := When(c.when, now); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestOtherPeoplesWordsStayWhereTheyAre(t *testing.T) {
	for said, want := range map[string]string{
		" plain ":                 "plain",
		"two\nlines":              "two\nlines",
		"\x1b[2J\x1b]0;owned\x07": " [2J ]0;owned ",
		"over\rwritten":           "over written",
		"\u009b31mred":            " 31mred",
		"grüße, 世界":               "grüße, 世界",
	} {
		if got := Paragraph(said); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
}

func TestPairsAreSorted(t *testing.T) {
	if got := Pairs(map[string]string{"b": "2", "a": "1"}); got != "a=1 b=2" {
		t.Errorf("%q", got)
	}
	if got := Pairs(nil); got != "" {
		t.Errorf("nothing became %q", got)
	}
}

func TestNothingIsADashAndATruthIsAWord(t *testing.T) {
	if got := OrDash("") + OrDash("x") + YesNo(true) + YesNo(false); got != "-xyesno" {
		t.Error(got)
	}
}
