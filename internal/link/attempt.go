package link

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/authorize"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// Events of a connection.
const (
	EventOpened = "link_opened"
	EventUsed   = "link_used"
	EventFailed = "link_failed"
)

// Open finds the link of an address and notes that somebody opened it. One
// that is over comes back as it is: its status says why nothing can be done.
func (l *Links) Open(ctx context.Context, address string) (Link, error) {
	one, err := l.Store.LinkByHash(ctx, sha256.Sum256([]byte(address)))
	if errors.Is(err, ledger.ErrNotFound) {
		return Link{}, fault.Wrap(err, api.CodeNotFound, "this link is not known here").
			WithHint("check that the address is whole, or ask for a new one")
	}
	if err != nil {
		return Link{}, err
	}
	if one, err = l.Look(ctx, one); err != nil || one.Status != api.LinkPending {
		return one, err
	}
	one, err = l.save(ctx, one, func(next *Link) error {
		if next.Status == api.LinkPending {
			next.Status, next.Progress.OpenedAt = api.LinkOpened, l.Now().UTC()
		}
		return nil
	})
	if err == nil {
		l.note(ctx, one, EventOpened, nil)
	}
	return one, err
}

// Begin starts an authorization for whoever holds the address. embedded says
// that it happens in a window of another page.
func (l *Links) Begin(ctx context.Context, address string, embedded bool) (Link, error) {
	one, err := l.Open(ctx, address)
	if err != nil {
		return Link{}, err
	}
	if one.over() {
		return one, closed(one)
	}
	if err := l.make(ctx, one); err != nil {
		return one, err
	}
	begun, err := l.Broker.Begin(authorize.By(ctx, cmp.Or(one.Terms.Brand.Name, "a connect link")), one.Connection, api.AuthorizeRequest{
		LoginHint:      one.Terms.ExpectedAccount,
		ConsentRequest: api.ConsentRequest{AdminConsent: one.ForConsent(), ThenAuthorize: one.Terms.ThenAuthorize},
	})
	if err != nil {
		return one, err
	}
	return l.save(ctx, one, func(next *Link) error {
		if next.over() {
			return closed(*next)
		}
		next.Status, next.Flow = api.LinkOpened, begun.Flow
		next.Progress.Cause, next.Progress.Embedded = nil, embedded
		next.DueAt = time.Time{} // what failed before is tried again
		return nil
	})
}

// make makes the connection of a link that brings its settings along.
func (l *Links) make(ctx context.Context, one Link) error {
	if one.Terms.Create == nil {
		return nil
	}
	_, err := l.Broker.Connection(ctx, one.Connection)
	if fault.Is(err, api.CodeNotFound) {
		_, err = l.Broker.PutConnection(ctx, one.Connection, *one.Terms.Create)
	}
	return err
}

// closed is why a link leads nowhere any more.
func closed(one Link) error {
	what := map[api.ConnectLinkStatus]string{
		api.LinkDone: "this link was used already", api.LinkExpired: "this link expired", api.LinkRevoked: "this link was taken back",
	}[one.Status]
	return fault.New(api.CodeConflict, "%s", what).WithHint("ask whoever sent it for a new one")
}

// ByFlow is the link that an authorization belongs to, as it stands by now.
// ok is false when it belongs to none.
func (l *Links) ByFlow(ctx context.Context, flow string) (one Link, ok bool, err error) {
	one, ok, err = l.byFlow(ctx, flow)
	if err != nil || !ok {
		return Link{}, false, err
	}
	one, err = l.Look(ctx, one)
	return one, true, err
}

func (l *Links) byFlow(ctx context.Context, flow string) (Link, bool, error) {
	if flow == "" {
		return Link{}, false, nil
	}
	found, err := l.Store.Links(ctx, Filter{Flow: flow, Limit: 1})
	if err != nil || len(found) == 0 {
		return Link{}, false, err
	}
	return found[0], true, nil
}

// Accept judges who authorized in a flow, before anything is saved. A flow
// that belongs to no link is not judged. The error is an [api.CodeForbidden].
func (l *Links) Accept(ctx context.Context, flow string, who idtoken.Account) error {
	one, ok, err := l.byFlow(ctx, flow)
	if err != nil || !ok {
		return err
	}
	if one.Status == api.LinkRevoked {
		return fault.New(api.CodeForbidden, "this link was taken back while somebody signed in").
			WithHint("ask whoever sent it for a new one")
	}
	want := one.Terms.ExpectedAccount
	switch {
	case want == "" || isAccount(who, want):
		return nil
	case who.Subject == "":
		return fault.New(api.CodeForbidden, "this link is for %s, and the provider does not say who signed in", want).
			WithHint("ask whoever sent the link for one without an expected account")
	}
	return fault.New(api.CodeForbidden, "this link is for %s, and %s signed in", want, who.Label()).
		WithHint("sign out at the provider, open the link again and sign in as %s", want)
}

// isAccount compares what a person wrote with what the provider calls the
// account. An address that the provider did not verify counts as a name only
// where it is the one that people sign in with.
func isAccount(who idtoken.Account, want string) bool {
	return who.Subject != "" && (who.Subject == want || strings.EqualFold(who.PreferredUsername, want) || strings.EqualFold(who.Email, want))
}

// Look asks how the attempt of a link went, and writes what came of it.
func (l *Links) Look(ctx context.Context, one Link) (Link, error) {
	if one.Status != api.LinkOpened || one.Flow == "" {
		return l.aged(one), nil
	}
	flow, err := l.Broker.Flow(ctx, one.Flow)
	switch {
	case fault.Is(err, api.CodeNotFound):
		flow = api.Flow{Status: api.FlowFailed, Cause: &api.Cause{Code: "gone", Title: "The authorization is not known any more", Remedy: "open the link again"}}
	case err != nil:
		return one, err
	}
	if flow.Status == api.FlowPending {
		return l.aged(one), nil
	}
	attempt, wrote := one.Flow, false
	granted, err := l.granted(ctx, one, flow.Status)
	if err != nil {
		return one, err
	}
	one, err = l.save(context.WithoutCancel(ctx), one, func(next *Link) error {
		wrote = next.Status == api.LinkOpened && next.Flow == attempt
		switch {
		case !wrote: // another look was faster, or another attempt was begun
		case flow.Status == api.FlowDone:
			l.end(next, api.LinkDone, nil)
			next.Progress.Granted = granted
		default:
			l.end(next, api.LinkFailed, flow.Cause)
		}
		return nil
	})
	if err != nil || !wrote {
		return l.aged(one), err
	}
	if one.Status == api.LinkDone {
		l.note(ctx, one, EventUsed, nil)
	} else if one.Progress.Cause != nil {
		l.note(ctx, one, EventFailed, map[string]string{"code": one.Progress.Cause.Code, "title": one.Progress.Cause.Title})
	}
	return l.aged(one), nil
}

// ReturnTo is where the browser goes after a link, with its outcome; "": a
// page of ours.
func (one Link) ReturnTo() string {
	u, err := url.Parse(one.Terms.ReturnTo)
	if err != nil || one.Terms.ReturnTo == "" {
		return ""
	}
	query := u.Query()
	query.Set("valetkey", string(one.Status))
	query.Set("link", one.ID)
	u.RawQuery = query.Encode()
	return u.String()
}

// Opener is the origin of the page that may have opened the link in a window
// of its own, and may be told the outcome; "": none.
func (one Link) Opener() string {
	u, err := url.Parse(one.Terms.ReturnTo)
	if err != nil || one.Terms.ReturnTo == "" || !one.Progress.Embedded {
		return ""
	}
	return origin(u)
}
