package onbehalf_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/secret"
)

func TestACallIsForWhomItsRequestShows(t *testing.T) {
	if _, ok := onbehalf.Subject(t.Context()); ok {
		t.Error("a call without a user's token is for somebody")
	}
	if _, ok := onbehalf.Subject(onbehalf.With(t.Context(), secret.Text{})); ok {
		t.Error("an empty token stands for somebody")
	}
	subject, ok := onbehalf.Subject(onbehalf.With(t.Context(), secret.NewText("maria")))
	if !ok || subject.Reveal() != "maria" {
		t.Error("the token did not travel")
	}
}

func TestAKeyTellsUsersAndConnectionsApartAndNoToken(t *testing.T) {
	maria, paul := secret.NewText("maria"), secret.NewText("paul")
	key := onbehalf.Key("crm", maria)
	if key == onbehalf.Key("crm", paul) || key == onbehalf.Key("erp", maria) || key != onbehalf.Key("crm", maria) {
		t.Error("keys do not tell users apart")
	}
	if strings.Contains(key, "maria") {
		t.Error("the key holds the token")
	}
}

func TestNoEntryOutlivesItsToken(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	c := onbehalf.NewCache[string](func() time.Time { return now })
	_, epoch, _ := c.Get("a")
	c.Put("a", "token", now.Add(time.Hour), epoch)
	c.Put("b", "lasting", time.Time{}, epoch)
	for _, step := range []struct {
		after time.Duration
		a, b  bool
	}{{0, true, true}, {4 * time.Minute, true, true}, {5 * time.Minute, true, false}, {59 * time.Minute, true, false}, {time.Hour, false, false}} {
		begun := now
		now = begun.Add(step.after)
		_, _, a := c.Get("a")
		_, _, b := c.Get("b")
		if a != step.a || b != step.b {
			t.Errorf("after %s: %v %v", step.after, a, b)
		}
		now = begun
	}
}

func TestWhatWasDroppedMeanwhileIsNotRemembered(t *testing.T) {
	c := onbehalf.NewCache[string](time.Now)
	_, epoch, _ := c.Get("a")
	c.Drop("a")
	c.Put("a", "old", time.Time{}, epoch)
	if _, _, ok := c.Get("a"); ok {
		t.Error("an exchange under older settings is remembered")
	}
	_, epoch, _ = c.Get("a")
	c.Put("a", "new", time.Time{}, epoch)
	c.Clear()
	if _, _, ok := c.Get("a"); ok {
		t.Error("a cleared cache remembers")
	}
}
