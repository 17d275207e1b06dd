package audit_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/audit"
)

// trail is a store in memory that may be away.
type trail struct {
	mu      sync.Mutex
	rows    []api.AuditEntry
	away    bool
	during  func() // runs while a write is on its way
	flushes int
}

var errAway = errors.New("the database is away")

func (s *trail) AppendAudit(_ context.Context, entries []api.AuditEntry) error {
	if s.during != nil {
		s.during()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushes++
	if s.away {
		return errAway
	}
	for _, e := range entries {
		e.Detail = maps.Clone(e.Detail)
		s.rows = append(s.rows, e)
	}
	return nil
}

func (s *trail) Audit(context.Context, api.AuditFilter) ([]api.AuditEntry, error) { return s.rows, nil }

func newLog() (*audit.Log, *trail, *time.Time) {
	s, now := &trail{}, time.Date(2026, 11, 21, 9, 0, 0, 0, time.FixedZone("", 3600))
	return audit.New(s, func() time.Time { return now }), s, &now
}

func read(actor, subject string) api.AuditEntry {
	return api.AuditEntry{Actor: actor, Action: "connection.token.get", Subject: subject}
}

func flush(t *testing.T, l *audit.Log) {
	t.Helper()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEntriesAreWrittenInTheirOrderWithTheTimeTheyHappened(t *testing.T) {
	l, s, now := newLog()
	for i := range 3 {
		l.Record(api.AuditEntry{Actor: "ann", Action: "client.put", Subject: strconv.Itoa(i)})
		*now = now.Add(time.Minute)
	}
	if len(s.rows) != 0 {
		t.Fatal("recording waits for the database")
	}
	flush(t, l)
	flush(t, l)
	if len(s.rows) != 3 || s.flushes != 1 {
		t.Fatalf("%d rows in %d writes", len(s.rows), s.flushes)
	}
	for i, row := range s.rows {
		want := time.Date(2026, 11, 21, 8, i, 0, 0, time.UTC)
		if row.Subject != strconv.Itoa(i) || !row.At.Equal(want) || row.At.Location() != time.UTC {
			t.Errorf("row %d: %+v", i, row)
		}
	}
}

func TestTheSameTokenReadAgainAndAgainIsOneEntryAFlushWithItsCount(t *testing.T) {
	l, s, _ := newLog()
	for range 5 {
		l.Record(read("job", "mail"))
	}
	refused := read("job", "mail")
	refused.Detail = map[string]string{"refused": "forbidden"}
	l.Record(read("job", "files"))
	l.Record(read("cron", "mail"))
	l.Record(refused)
	for range 2 { // what does not repeat many times a second is never one
		l.Record(api.AuditEntry{Actor: "job", Action: "connection.put", Subject: "mail"})
	}
	flush(t, l)
	l.Record(read("job", "mail"))
	flush(t, l)
	var got []string
	for _, row := range s.rows {
		got = append(got, fmt.Sprint(row.Actor, " ", row.Subject, " ", row.Detail["count"], row.Detail["refused"]))
	}
	want := fmt.Sprint([]string{"job mail 5", "job files ", "cron mail ", "job mail forbidden", "job mail ", "job mail ", "job mail "})
	if fmt.Sprint(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhatTheDatabaseDoesNotTakeIsWrittenOnceItDoes(t *testing.T) {
	l, s, _ := newLog()
	s.away = true
	l.Record(api.AuditEntry{Action: "first"})
	l.Record(read("job", "mail"))
	if err := l.Flush(t.Context()); !errors.Is(err, errAway) {
		t.Fatal(err)
	}
	l.Record(api.AuditEntry{Action: "second"})
	l.Record(read("job", "mail"))
	l.Record(read("job", "mail"))
	if _, err := l.Entries(t.Context(), api.AuditFilter{}); !errors.Is(err, errAway) {
		t.Fatalf("a trail that lacks its end is shown as whole: %v", err)
	}
	s.away = false
	rows, err := l.Entries(t.Context(), api.AuditFilter{})
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, want := range []string{"first", "connection.token.get", "second", "connection.token.get"} {
		if rows[i].Action != want {
			t.Errorf("row %d is %s, want %s", i, rows[i].Action, want)
		}
	}
	if rows[3].Detail["count"] != "2" {
		t.Errorf("counted as %v", rows[3].Detail)
	}
}

func TestWhatIsRecordedWhileTheDatabaseFailsComesAfterWhatItRefused(t *testing.T) {
	l, s, _ := newLog()
	s.away = true
	s.during = func() {
		l.Record(read("job", "mail"))
		l.Record(read("job", "mail"))
	}
	l.Record(api.AuditEntry{Action: "before"})
	if err := l.Flush(t.Context()); !errors.Is(err, errAway) {
		t.Fatal(err)
	}
	s.away, s.during = false, nil
	l.Record(read("job", "mail"))
	flush(t, l)
	if len(s.rows) != 2 || s.rows[0].Action != "before" || s.rows[1].Detail["count"] != "3" {
		t.Errorf("%+v", s.rows)
	}
}

func TestATrailThatCannotBeWrittenIsBoundedAndSaysWhatItLost(t *testing.T) {
	l, s, _ := newLog()
	s.away = true
	const recorded, held = 25_000, 10_000
	for i := range recorded {
		l.Record(api.AuditEntry{Action: "client.put", Subject: strconv.Itoa(i)})
	}
	for range 20 { // a long outage, during which nothing more is recorded
		if err := l.Flush(t.Context()); !errors.Is(err, errAway) {
			t.Fatal(err)
		}
	}
	s.away = false
	flush(t, l)
	lost := 0
	for _, row := range s.rows {
		if row.Action == "audit.lost" {
			n, err := strconv.Atoi(row.Detail["count"])
			if err != nil {
				t.Fatal(err)
			}
			lost += n
		}
	}
	if lost != recorded-held || s.rows[0].Subject != "0" || s.rows[held-1].Subject != strconv.Itoa(held-1) {
		t.Errorf("%d are said to be lost of %d, of which %d are kept", lost, recorded, len(s.rows))
	}
}

func TestALongOutageKeepsACountOfAllThatWasLost(t *testing.T) {
	l, s, _ := newLog()
	s.away = true
	total := 0
	for range 6 {
		for range 9_000 {
			l.Record(api.AuditEntry{Action: "client.put"})
			total++
		}
		_ = l.Flush(t.Context())
	}
	s.away = false
	flush(t, l)
	kept, lost := 0, 0
	for _, row := range s.rows {
		if row.Action == "audit.lost" {
			n, _ := strconv.Atoi(row.Detail["count"])
			lost += n
			continue
		}
		kept++
	}
	if kept+lost != total || kept > 20_000 {
		t.Errorf("%d kept and %d said to be lost of %d", kept, lost, total)
	}
}

func TestMoreThanIsHeldComesWhileTheDatabaseFails(t *testing.T) {
	l, s, _ := newLog()
	s.away = true
	total := 0
	many := func() {
		for range 15_000 {
			l.Record(api.AuditEntry{Action: "client.put"})
			total++
		}
	}
	many()
	s.during = many
	_ = l.Flush(t.Context())
	s.away, s.during = false, nil
	flush(t, l)
	kept, lost := 0, 0
	for _, row := range s.rows {
		if row.Action == "audit.lost" {
			n, _ := strconv.Atoi(row.Detail["count"])
			lost += n
			continue
		}
		kept++
	}
	if kept+lost != total || kept == 0 {
		t.Errorf("%d kept and %d said to be lost of %d", kept, lost, total)
	}
}

func TestManyMayRecordWhileItIsWritten(t *testing.T) {
	l, s, _ := newLog()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 500 {
				l.Record(read("job", strconv.Itoa(i)))
				l.Record(api.AuditEntry{Actor: "ann", Action: "client.put", Subject: strconv.Itoa(i)})
			}
		})
		all.Go(func() {
			for range 50 {
				_ = l.Flush(t.Context())
			}
		})
	}
	all.Wait()
	flush(t, l)
	puts, reads := 0, 0
	for _, row := range s.rows {
		if row.Action == "client.put" {
			puts++
			continue
		}
		n, err := strconv.Atoi(row.Detail["count"])
		if err != nil {
			n = 1
		}
		reads += n
	}
	if puts != 4000 || reads != 4000 {
		t.Errorf("%d changes and %d reads are in the trail, want 4000 of each", puts, reads)
	}
}

func TestManyEntriesDoNotWaitForTheNextRound(t *testing.T) {
	s := &trail{}
	l := audit.New(s, time.Now)
	told := func() bool {
		select {
		case <-l.Full():
			return true
		default:
			return false
		}
	}
	for i := range 2_499 {
		l.Record(api.AuditEntry{Actor: "robot", Action: "connection.token.get", Subject: strconv.Itoa(i)})
	}
	if told() {
		t.Error("it is full too soon")
	}
	l.Record(api.AuditEntry{Actor: "robot", Action: "connection.token.get", Subject: "last"})
	l.Record(api.AuditEntry{Actor: "robot", Action: "connection.token.get", Subject: "one more"})
	if !told() || told() {
		t.Error("it is not said once that it is full")
	}
	if err := l.Flush(t.Context()); err != nil || len(s.rows) != 2_501 {
		t.Errorf("%d entries, %v", len(s.rows), err)
	}
}
