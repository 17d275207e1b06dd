package link

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

const (
	defaultLife = 7 * 24 * time.Hour
	longestLife = 90 * 24 * time.Hour
	// memory is how long a link is remembered that is over.
	memory = 90 * 24 * time.Hour
	// tries bounds how often a change is made anew because another one came first.
	tries = 5
)

// Broker is what links need of the domain; *broker.Broker has it.
type Broker interface {
	Begin(ctx context.Context, connection string, req api.AuthorizeRequest) (api.Authorization, error)
	Flow(ctx context.Context, id string) (api.Flow, error)
	Connection(ctx context.Context, name string) (api.Connection, error)
	PutConnection(ctx context.Context, name string, spec api.ConnectionSpec) (created bool, err error)
	Client(ctx context.Context, name string) (api.Client, error)
	Provider(ctx context.Context, name string) (api.Provider, error)
}

// Journal takes events; every [ledger.Store] does.
type Journal interface {
	AppendEvent(ctx context.Context, e ledger.Event) error
}

// Sealer seals webhook secrets; *secret.Keyring does.
type Sealer interface {
	Seal(text secret.Text, place secret.Place) (secret.Sealed, error)
	Open(sealed secret.Sealed, place secret.Place) (secret.Text, error)
}

// Doer sends webhooks. It must not reach what outgoing requests may not reach.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Config is what Links are made of. Now, Rand and Log have defaults.
type Config struct {
	Broker        Broker
	Store         Store
	Journal       Journal
	Seal          Sealer
	HTTP          Doer
	PublicURL     string   // without a slash at its end
	ReturnOrigins []string // besides the public URL's
	Now           func() time.Time
	Rand          io.Reader
	Log           *slog.Logger
}

// Links makes links and follows what becomes of them. It is safe for
// concurrent use, also beside others on the same store.
type Links struct{ Config }

// New returns the links of a store.
func New(config Config) *Links {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Links{config}
}

// Create makes a link. Its address, and the secret of its webhook, are in the
// answer this once. A spec that makes no sense is an [api.CodeInvalid].
func (l *Links) Create(ctx context.Context, spec api.ConnectLinkSpec) (api.NewConnectLink, error) {
	if err := l.check(ctx, &spec); err != nil {
		return api.NewConnectLink{}, err
	}
	address, err := l.random()
	if err != nil {
		return api.NewConnectLink{}, err
	}
	now := l.Now().UTC()
	made := Link{
		ID: fmt.Sprintf("cl%011x%s", now.UnixMilli(), hex.EncodeToString(address[32:])), Hash: sha256.Sum256([]byte(text(address))),
		Connection: spec.Connection, Status: api.LinkPending,
		Terms: Terms{
			Kind: kept(spec.Kind), ThenAuthorize: spec.ThenAuthorize, Create: spec.Create, ExpectedAccount: spec.ExpectedAccount,
			ReturnTo: spec.ReturnTo, Webhook: spec.Webhook,
		},
		CreatedAt: now, ExpiresAt: now.Add(time.Duration(spec.ExpiresIn)), Version: 1,
	}
	if spec.Brand != nil {
		made.Terms.Brand = *spec.Brand
	}
	answer := api.NewConnectLink{ConnectLink: wire(made), URL: api.Secret(l.PublicURL + "/connect/" + text(address))}
	if spec.Webhook != "" {
		if made.WebhookSecret, answer.WebhookSecret, err = l.webhookSecret(made.ID); err != nil {
			return api.NewConnectLink{}, err
		}
	}
	return answer, l.Store.CreateLink(ctx, made)
}

// random is 32 secret bytes, with 8 more for the id.
func (l *Links) random() ([]byte, error) {
	raw := make([]byte, 40)
	if _, err := io.ReadFull(l.Rand, raw); err != nil {
		return nil, fmt.Errorf("randomness for a link: %w", err)
	}
	return raw, nil
}

// text is the secret part of an address.
func text(random []byte) string { return base64.RawURLEncoding.EncodeToString(random[:32]) }

// List returns links, the newest first, as they stand by now.
func (l *Links) List(ctx context.Context, filter Filter) ([]api.ConnectLink, error) {
	found, err := l.Store.Links(ctx, filter)
	if err != nil {
		return nil, err
	}
	shown := make([]api.ConnectLink, len(found))
	for i, one := range found {
		shown[i] = wire(l.aged(one))
	}
	return shown, nil
}

// Get returns one link, once it has been asked how its attempt went.
func (l *Links) Get(ctx context.Context, id string) (api.ConnectLink, error) {
	found, err := l.Store.Link(ctx, id)
	if err != nil {
		return api.ConnectLink{}, unknown(err)
	}
	found, err = l.Look(ctx, found)
	return wire(found), err
}

// Revoke ends a link. What it authorized stays.
func (l *Links) Revoke(ctx context.Context, id string) (api.ConnectLink, error) {
	return l.change(ctx, id, func(one *Link) error {
		if one.Status == api.LinkDone {
			return fault.New(api.CodeConflict, "the link was used: there is nothing left to take back").
				WithHint("to give up what it authorized: valetkey revoke %s", one.Connection)
		}
		l.end(one, api.LinkRevoked, nil)
		return nil
	})
}

// Extend gives a link more time, counted from now. One that expired is open again.
func (l *Links) Extend(ctx context.Context, id string, patch api.ConnectLinkPatch) (api.ConnectLink, error) {
	life := time.Duration(patch.ExpiresIn)
	if err := checkLife(life); err != nil {
		return api.ConnectLink{}, err
	}
	return l.change(ctx, id, func(one *Link) error {
		switch one.Status {
		case api.LinkDone, api.LinkRevoked:
			return fault.New(api.CodeConflict, "the link is %s, so more time would not help", one.Status).
				WithHint("make a new one: valetkey link create %s", one.Connection)
		case api.LinkExpired:
			one.Status, one.Progress.EndedAt, one.DueAt = api.LinkPending, time.Time{}, time.Time{}
		}
		one.ExpiresAt = l.Now().UTC().Add(life)
		return nil
	})
}

// change changes the link of an id, anew when another change came first.
func (l *Links) change(ctx context.Context, id string, change func(*Link) error) (api.ConnectLink, error) {
	found, err := l.Store.Link(ctx, id)
	if err != nil {
		return api.ConnectLink{}, unknown(err)
	}
	found, err = l.save(ctx, found, change)
	return wire(found), err
}

// save changes a link as it was read, anew on what is there by then when
// another change came first.
func (l *Links) save(ctx context.Context, one Link, change func(*Link) error) (Link, error) {
	for try := 1; ; try++ {
		next := one
		if err := change(&next); err != nil {
			return one, err
		}
		err := l.Store.SaveLink(ctx, next)
		if err == nil {
			next.Version++
			return next, nil
		}
		if try == tries || !errors.Is(err, ledger.ErrStale) {
			return one, unknown(err)
		}
		if one, err = l.Store.Link(ctx, one.ID); err != nil {
			return one, unknown(err)
		}
	}
}

// end gives a link an outcome, of which its webhook is told.
func (l *Links) end(one *Link, status api.ConnectLinkStatus, cause *api.Cause) {
	now := l.Now().UTC()
	one.Status, one.Progress.Cause, one.Progress.EndedAt = status, cause, now
	if one.Terms.Webhook != "" {
		one.DueAt, one.Progress.Tries, one.Progress.LastError = now, 0, ""
	}
}

// aged is a link as it stands by now: time passes without a write.
func (l *Links) aged(one Link) Link {
	if !one.over() && !l.Now().Before(one.ExpiresAt) {
		one.Status = api.LinkExpired
	}
	return one
}

// Tidy forgets links that were over long ago.
func (l *Links) Tidy(ctx context.Context) error {
	return l.Store.DeleteLinks(ctx, l.Now().Add(-memory))
}

// note writes an event of the link's connection. A connection that is not
// there, or not yet, has no history.
func (l *Links) note(ctx context.Context, one Link, kind string, detail map[string]string) {
	e := ledger.Event{Connection: one.Connection, At: l.Now(), Kind: kind, Detail: map[string]string{"link": one.ID}}
	for key, value := range detail {
		e.Detail[key] = value
	}
	if err := l.Journal.AppendEvent(context.WithoutCancel(ctx), e); err != nil && !errors.Is(err, ledger.ErrNotFound) {
		l.Log.Error("an event of a link is not written", slog.String("link", one.ID), slog.Any("error", err))
	}
}

// unknown says that there is no such link.
func unknown(err error) error {
	if errors.Is(err, ledger.ErrNotFound) {
		return fault.Wrap(err, api.CodeNotFound, "there is no such link").WithHint("valetkey link list shows the links there are")
	}
	return err
}

// wire shows a link without what would let anyone use it.
func wire(one Link) api.ConnectLink {
	shown := api.ConnectLink{
		ID: one.ID, Kind: one.Terms.Kind, Status: one.Status, Cause: one.Progress.Cause, Connection: one.Connection,
		Granted: one.Progress.Granted, ExpectedAccount: one.Terms.ExpectedAccount, ReturnTo: one.Terms.ReturnTo,
		ConnectLinkTimes: api.ConnectLinkTimes{
			CreatedAt: one.CreatedAt, ExpiresAt: one.ExpiresAt,
			OpenedAt: present(one.Progress.OpenedAt), EndedAt: present(one.Progress.EndedAt),
		},
	}
	if one.Terms.Webhook != "" {
		shown.Webhook = &api.ConnectLinkDelivery{
			URL: one.Terms.Webhook, Tries: one.Progress.Tries, NextTryAt: present(one.DueAt), LastError: one.Progress.LastError,
		}
	}
	return shown
}

func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
