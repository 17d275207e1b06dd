package brokertest

import (
	"context"
	"testing"

	"github.com/valetkey/valetkey/internal/access"
)

// People checks that a store keeps the contract of [access.OperatorStore]. Each
// call of open gives an empty store, to be closed by t.Cleanup.
func People(t *testing.T, open func(t *testing.T) access.OperatorStore) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s access.OperatorStore)
	}{
		{"operators read back in the order of names, and keep when they were made", operatorRoundTrip},
		{"a new password ends the sessions of its operator alone", operatorPassword},
		{"a code is good once, before it expires, until the next one is made", operatorCodes},
		{"every field of a session reads back, and it is touched forward", sessionRoundTrip},
		{"sessions end one by one, by operator, and by age", sessionEnds},
		{"a caller that gave up is told so", operatorCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func operator(name string) access.OperatorRecord {
	return access.OperatorRecord{Name: name, Password: "$argon2id$größer", CreatedAt: start(), UpdatedAt: start()}
}

func session(mark byte, operator string) access.Session {
	return access.Session{
		Hash: [32]byte{mark, 0, 255}, Operator: operator, Address: "192.0.2.7",
		CreatedAt: start(), LastUsedAt: after(1), ExpiresAt: after(100),
	}
}

func operatorRoundTrip(t *testing.T, s access.OperatorStore) {
	wantEqual(t, "none", get[[]access.OperatorRecord](t)(s.Operators(t.Context())), []access.OperatorRecord(nil))
	must(t, s.PutOperator(t.Context(), operator("b")))
	must(t, s.PutOperator(t.Context(), operator("a")))
	changed := operator("b")
	changed.Password, changed.CreatedAt, changed.UpdatedAt = "other", after(5), after(5)
	must(t, s.PutOperator(t.Context(), changed))
	changed.CreatedAt = start()
	wantEqual(t, "operators", get[[]access.OperatorRecord](t)(s.Operators(t.Context())), []access.OperatorRecord{operator("a"), changed})
}

func operatorPassword(t *testing.T, s access.OperatorStore) {
	must(t, s.CreateSession(t.Context(), session(1, "a")))
	must(t, s.CreateSession(t.Context(), session(2, "b")))
	must(t, s.PutOperator(t.Context(), operator("a")))
	_, err := s.Session(t.Context(), session(1, "a").Hash)
	wantError(t, err, access.ErrNotFound)
	wantEqual(t, "the other's", get[access.Session](t)(s.Session(t.Context(), session(2, "b").Hash)), session(2, "b"))
}

func operatorCodes(t *testing.T, s access.OperatorStore) {
	first, second := access.Code{Hash: [32]byte{1}, ExpiresAt: after(10)}, access.Code{Hash: [32]byte{2}, ExpiresAt: after(10)}
	must(t, s.PutCode(t.Context(), first))
	must(t, s.PutCode(t.Context(), second))
	wantError(t, s.RedeemCode(t.Context(), first.Hash, operator("a")), access.ErrNotFound)
	late := operator("a")
	late.UpdatedAt = after(10)
	wantError(t, s.RedeemCode(t.Context(), second.Hash, late), access.ErrNotFound)
	wantEqual(t, "nobody yet", get[[]access.OperatorRecord](t)(s.Operators(t.Context())), []access.OperatorRecord(nil))
	must(t, s.CreateSession(t.Context(), session(1, "a")))
	must(t, s.RedeemCode(t.Context(), second.Hash, operator("a")))
	wantError(t, s.RedeemCode(t.Context(), second.Hash, operator("b")), access.ErrNotFound)
	wantEqual(t, "operators", get[[]access.OperatorRecord](t)(s.Operators(t.Context())), []access.OperatorRecord{operator("a")})
	_, err := s.Session(t.Context(), session(1, "a").Hash)
	wantError(t, err, access.ErrNotFound)
}

func sessionRoundTrip(t *testing.T, s access.OperatorStore) {
	must(t, s.CreateSession(t.Context(), session(1, "a")))
	must(t, s.TouchSession(t.Context(), session(1, "a").Hash, after(0)))
	must(t, s.TouchSession(t.Context(), [32]byte{9}, after(50)))
	wantEqual(t, "session", get[access.Session](t)(s.Session(t.Context(), session(1, "a").Hash)), session(1, "a"))
	must(t, s.TouchSession(t.Context(), session(1, "a").Hash, after(50)))
	want := session(1, "a")
	want.LastUsedAt = after(50)
	wantEqual(t, "touched", get[access.Session](t)(s.Session(t.Context(), want.Hash)), want)
}

func sessionEnds(t *testing.T, s access.OperatorStore) {
	for mark, owner := range map[byte]string{1: "a", 2: "a", 3: "b", 4: "c"} {
		must(t, s.CreateSession(t.Context(), session(mark, owner)))
	}
	old := session(5, "c")
	old.ExpiresAt = after(2)
	must(t, s.CreateSession(t.Context(), old))
	must(t, s.DeleteSession(t.Context(), session(3, "b").Hash))
	must(t, s.DeleteSession(t.Context(), session(3, "b").Hash))
	must(t, s.DeleteSessionsOf(t.Context(), "a"))
	must(t, s.DeleteSessions(t.Context(), after(3)))
	for mark, there := range map[byte]bool{1: false, 2: false, 3: false, 4: true, 5: false} {
		if _, err := s.Session(t.Context(), session(mark, "").Hash); (err == nil) != there {
			t.Errorf("session %d: %v", mark, err)
		}
	}
}

func operatorCancelled(t *testing.T, s access.OperatorStore) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, s.PutOperator(ctx, operator("late")), context.Canceled)
	_, err := s.Operators(ctx)
	wantError(t, err, context.Canceled)
}
