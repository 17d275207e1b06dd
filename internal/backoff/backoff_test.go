package backoff_test

import (
	"errors"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/backoff"
)

func TestTheWaitDoublesUpToAMinuteAndIsForgotten(t *testing.T) {
	var b backoff.Backoff
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	failed := errors.New("down")
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		wait *= time.Second
		b.Note("mail", failed, 0, now)
		if err := b.Refuse("mail", now.Add(wait-time.Millisecond)); !errors.Is(err, failed) {
			t.Fatalf("before %v: %v", wait, err)
		}
		if now = now.Add(wait); b.Refuse("mail", now) != nil {
			t.Fatalf("after %v: still refused", wait)
		}
	}
	b.Note("mail", failed, 0, now)
	if b.Refuse("other", now) != nil {
		t.Fatal("another name is refused")
	}
	if b.Forget("mail"); b.Refuse("mail", now) != nil {
		t.Fatal("not forgotten")
	}
}

func TestAHintOfTheServerIsHonouredWithinReason(t *testing.T) {
	var b backoff.Backoff
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	b.Note("mail", errors.New("later"), 10*time.Minute, now)
	if b.Refuse("mail", now.Add(9*time.Minute)) == nil || b.Refuse("mail", now.Add(10*time.Minute)) != nil {
		t.Fatal("ten minutes were asked for")
	}
	b.Note("mail", errors.New("never"), 1000*time.Hour, now)
	if b.Refuse("mail", now.Add(time.Hour)) != nil {
		t.Fatal("waits longer than an hour")
	}
}
