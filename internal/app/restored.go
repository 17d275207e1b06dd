package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/custody"
)

const (
	// restoredSetting says that the database came from a backup, and when that
	// was taken, until what follows from it has been done.
	restoredSetting = "restored"
	// installationSetting names the installation, so that a mark is compared with
	// its own database only.
	installationSetting = "installation"
	// timeText is how times stand in settings.
	timeText = time.RFC3339
	// fenceLeap keeps the numbers of leases ahead of every node's mark after one
	// node has seen that they went back.
	fenceLeap = 1_000_000
)

// mark is how far the database had come when this node last looked: a copy
// outside of it, which shows when an older database is put in its place.
type mark struct {
	Installation string `json:"installation"`
	Fence        int64  `json:"fence"` // grows with every renewal
}

func (a *App) markPath() string { return filepath.Join(a.config.DataDir, markFile) }

// readMark is the mark in the data directory; zero when there is none that can be read.
func (a *App) readMark() (m mark) {
	text, err := os.ReadFile(a.markPath())
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.config.Log.Warn("the high-water mark cannot be read, so an older database would not be noticed", slog.Any("error", err))
		return mark{}
	}
	return m
}

// currentMark is how far the database is now.
func (a *App) currentMark(ctx context.Context, desk custody.Desk) (m mark, err error) {
	id, err := desk.Setting(ctx, installationSetting)
	if errors.Is(err, ledger.ErrNotFound) {
		id = []byte(rand.Text())
		err = desk.CreateSetting(ctx, installationSetting, id)
		if errors.Is(err, ledger.ErrExists) {
			id, err = desk.Setting(ctx, installationSetting)
		}
	}
	if err != nil {
		return m, err
	}
	m.Installation = string(id)
	m.Fence, err = desk.Fence(ctx)
	return m, err
}

// keepMark writes down how far the database is. Where it went back, an older
// one was put in its place while this node ran.
func (a *App) keepMark(ctx context.Context) error {
	if a.store == nil {
		return nil
	}
	now, err := a.currentMark(ctx, custody.Desk{DB: a.store})
	if err != nil || now == a.mark {
		return err
	}
	if now.Installation == a.mark.Installation && now.Fence < a.mark.Fence {
		return a.suspect(ctx, "the database went back to an earlier state while this server ran")
	}
	return a.writeMark(now)
}

func (a *App) writeMark(m mark) error {
	text, err := json.Marshal(m)
	if err == nil {
		err = writeFile(a.markPath(), text)
	}
	if err == nil {
		a.mark = m
	}
	return err
}

// suspectRestored looks at the start whether the database is older than what
// happened: it says so itself after a restore, and the mark says so where it was
// put back by other means.
func (a *App) suspectRestored(ctx context.Context) error {
	desk := custody.Desk{DB: a.store}
	taken, err := desk.Setting(ctx, restoredSetting)
	if err == nil {
		return a.suspect(ctx, "the database came from a backup of "+string(taken))
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	now, err := a.currentMark(ctx, desk)
	if err != nil {
		return err
	}
	a.mark = a.readMark()
	if now.Installation == a.mark.Installation && now.Fence < a.mark.Fence {
		return a.suspect(ctx, "the database is older than this data directory")
	}
	if a.mark == now {
		return nil
	}
	return a.writeMark(now)
}

// suspect holds back every grant that may have been renewed since, until a
// person confirms.
func (a *App) suspect(ctx context.Context, why string) error {
	desk := custody.Desk{DB: a.store}
	steady, err := a.steadyProviders(ctx)
	if err != nil {
		return err
	}
	if a.suspects, err = desk.Suspect(ctx, steady, broker.RestoredCause(), a.config.Now()); err != nil {
		return err
	}
	a.broker.Invalidate("")
	if err := desk.RaiseFence(ctx, max(a.mark.Fence, a.readMark().Fence)+fenceLeap); err != nil {
		return err
	}
	if err := desk.DropSetting(ctx, restoredSetting); err != nil {
		return err
	}
	a.config.Log.Warn(why+": its grants are not renewed before somebody confirms", slog.Int64("connections", a.suspects),
		slog.String("hint", "valetkey restore confirm --all, or each by its name"))
	a.audit.Record(api.AuditEntry{Actor: "valetkey", Action: "restore.suspect", Detail: map[string]string{
		"why": why, "connections": strconv.FormatInt(a.suspects, 10),
	}})
	now, err := a.currentMark(ctx, desk)
	if err != nil {
		return err
	}
	return a.writeMark(now)
}

// steadyProviders are those, of the clients there are, whose refresh tokens stay
// the same when they are used.
func (a *App) steadyProviders(ctx context.Context) ([]string, error) {
	clients, err := a.store.Clients(ctx, ledger.Page{})
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	var steady []string
	for _, c := range clients {
		if seen[c.Provider] {
			continue
		}
		seen[c.Provider] = true
		p, err := a.broker.Provider(ctx, c.Provider)
		if err != nil {
			continue // a description that is gone promises nothing
		}
		if p.Refresh != nil && p.Refresh.Rotation == api.RotationNone {
			steady = append(steady, c.Provider)
		}
	}
	return steady, nil
}

// KeepConfig says how long what happened is kept.
type KeepConfig struct {
	Events time.Duration // events of connections; 0: 90 days
	Audit  time.Duration // the audit trail; 0: two years
}

const (
	keepEvents = 90 * 24 * time.Hour
	keepAudit  = 2 * 365 * 24 * time.Hour
	// keepPerConnection bounds the events of one connection.
	keepPerConnection = 10_000
)

// prune removes what is older than is kept.
func (a *App) prune(ctx context.Context) error {
	events, trail := a.config.Keep.Events, a.config.Keep.Audit
	if events == 0 {
		events = keepEvents
	}
	if trail == 0 {
		trail = keepAudit
	}
	now := a.config.Now()
	return custody.Desk{DB: a.store}.Prune(ctx, custody.Keep{Events: now.Add(-events), PerOne: keepPerConnection, Audit: now.Add(-trail)})
}
