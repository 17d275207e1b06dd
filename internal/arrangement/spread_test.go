package arrangement_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
)

func TestR14_TenThousandTokensThatEndAtOnceAreDueOverMinutes(t *testing.T) {
	const many = 10_000
	desk := arrangement.Desk{Rand: rand.Reader}
	var a arrangement.Arrangement
	a.Grant = "authorization_code"
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	set := ledger.TokenSet{RefreshToken: []byte("sealed"), ObtainedAt: now, ExpiresAt: now.Add(time.Hour)}
	bySecond := map[time.Duration]int{}
	for range many {
		ahead := set.ExpiresAt.Sub(desk.DueAt(a, set))
		if ahead < a.Skew(set) || ahead > 2*a.Skew(set) {
			t.Fatalf("due %v before its end", ahead)
		}
		bySecond[ahead.Truncate(time.Second)]++
	}
	seconds := int(a.Skew(set) / 2 / time.Second)
	if len(bySecond) < seconds*9/10 {
		t.Errorf("all are due within %d seconds, want about %d", len(bySecond), seconds)
	}
	for second, n := range bySecond {
		if n > 3*many/seconds {
			t.Errorf("%d of %d are due in one second, %v ahead", n, many, second)
		}
	}
}
