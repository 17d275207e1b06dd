package broker

import (
	"context"
	"errors"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/remedy"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// confirmWait is how long a refusal that would end a grant is left alone before
// it is asked about once more: a server's replicas agree within it.
const confirmWait = 2 * time.Second

// errOvertaken says that somebody else saved a newer token set meanwhile.
var errOvertaken = errors.New("a newer token set is saved")

// renewal is one token set that is renewed under a lease. The lease's Tries
// count the requests whose outcome is not known: the journal that the next
// holder finds.
type renewal struct {
	a       arrangement.Arrangement
	current ledger.TokenSet
	lease   *ledger.Lease
	began   time.Time // when the lease was taken
	ended   bool      // the lease ended with what was saved
}

// ask makes the token request; more than one only where an earlier answer may
// have been lost, or where a single refusal would end a grant.
func (b *Broker) ask(ctx context.Context, r renewal) (oauth.Token, error) {
	if len(r.lease.Salvage) > 0 {
		token, err := b.replay(ctx, r)
		if err == nil || r.singleUse() {
			return token, err // what renews is in that answer, or nowhere
		}
	}
	if !b.hasTime(r, arrangement.TokenTimeout) {
		return oauth.Token{}, stalled(r.a.Connection.Name)
	}
	token, err := b.desk.RequestToken(ctx, r.a, r.current)
	if grantEnded(err) && !claimsRefused(r.a, err) {
		token, err = b.askAgain(ctx, r, err)
	}
	return token, b.settle(r, err)
}

// singleUse reports whether the refresh token was certainly spent by an answer
// that nobody could read.
func (r renewal) singleUse() bool {
	rules := r.a.Described.Refresh
	return rules != nil && rules.Rotation == api.RotationSingleUse && rules.Grace == 0
}

// grantEnded reports whether the provider refused a refresh token that was sent.
func grantEnded(err error) bool {
	var refused *oauth.Error
	return errors.As(err, &refused) && refused.Action == oauth.ActionReauthorize &&
		refused.Grant == oauth.GrantRefreshToken && refused.Code != remedy.CodeNoRefreshToken
}

// askAgain confirms a refusal that would end the grant, then tries the older
// refresh tokens where one of them may still be the valid one.
func (b *Broker) askAgain(ctx context.Context, r renewal, refused error) (oauth.Token, error) {
	if !b.hasTime(r, confirmWait+2*arrangement.TokenTimeout) {
		return oauth.Token{}, refused
	}
	if err := b.Sleep(ctx, confirmWait); err != nil {
		return oauth.Token{}, err
	}
	stored, err := b.desk.CurrentTokenSet(ctx, r.a.Connection.Name)
	if err != nil {
		return oauth.Token{}, err
	}
	if stored.Generation > r.current.Generation {
		return oauth.Token{}, errOvertaken
	}
	token, err := b.desk.RequestToken(ctx, r.a, r.current)
	if !grantEnded(err) {
		return token, err
	}
	if token, tried := b.askOlder(ctx, r); tried == nil {
		return token, nil
	}
	return token, r.lost(err)
}

// askOlder tries the refresh tokens before the current one: a server that
// rotated and then lost its own write still takes them, as does one with a
// grace window.
func (b *Broker) askOlder(ctx context.Context, r renewal) (oauth.Token, error) {
	older, err := b.Store.PreviousTokenSets(ctx, r.a.Connection.Name)
	if err != nil {
		return oauth.Token{}, err
	}
	_, spent, err := b.desk.OpenTokens(r.current)
	if err != nil {
		return oauth.Token{}, err
	}
	replacedAt := r.current.ObtainedAt
	err = errOvertaken
	for _, set := range older {
		if !r.mayStillWork(replacedAt, b.Now()) {
			break
		}
		replacedAt = set.ObtainedAt
		_, refresh, openErr := b.desk.OpenTokens(set)
		if openErr != nil || refresh.IsZero() || refresh == spent {
			continue
		}
		var token oauth.Token
		if token, err = b.desk.RequestToken(ctx, r.a, set); err == nil {
			if token.RefreshToken == "" {
				token.RefreshToken = refresh.Reveal()
			}
			return token, nil
		}
	}
	return oauth.Token{}, err
}

// mayStillWork says whether a refresh token that was replaced then is worth a try.
func (r renewal) mayStillWork(replacedAt, now time.Time) bool {
	if r.lease.Tries > 0 {
		return true
	}
	rules := r.a.Described.Refresh
	return rules != nil && rules.Grace > 0 && now.Before(replacedAt.Add(time.Duration(rules.Grace)))
}

// lost says of a refusal that it follows an answer nobody got: then the grant
// did not end by itself.
func (r renewal) lost(err error) error {
	var refused *oauth.Error
	if r.lease.Tries == 0 || !errors.As(err, &refused) {
		return err
	}
	said := *refused
	said.Code = remedy.CodeOutcomeUnknown
	said.Description = "a renewal begun at " + r.lease.BegunAt.UTC().Format(time.RFC3339) + " has no known outcome; since then the provider says " + refused.Code
	return &said
}

// settle notes what the outcome says about open requests, and keeps an answer
// that nobody could read. It returns the error as it came.
func (b *Broker) settle(r renewal, err error) error {
	var refused *oauth.Error
	switch {
	case err == nil:
		r.lease.Tries++ // open until the token set is saved
	case !errors.As(err, &refused):
	case refused.Action == oauth.ActionReauthorize:
		r.lease.Tries, r.lease.Salvage = 0, nil
	case refused.Action == oauth.ActionUnknownOutcome, refused.Status >= 500:
		r.lease.Tries++
		if len(refused.Salvage) > 0 {
			sealed, sealErr := b.Keyring.Seal(secret.NewText(string(refused.Salvage)), ledger.SalvagePlace(r.a.Connection.Name, r.lease.Generation))
			if sealErr != nil {
				return errors.Join(err, sealErr)
			}
			r.lease.Salvage = sealed
		}
	}
	return err
}

// replay reads a kept answer again, as the description now says.
func (b *Broker) replay(ctx context.Context, r renewal) (oauth.Token, error) {
	text, err := b.Keyring.Open(r.lease.Salvage, ledger.SalvagePlace(r.a.Connection.Name, r.lease.Generation))
	if err != nil {
		return oauth.Token{}, err
	}
	return b.desk.Replay(ctx, r.a, r.current, []byte(text.Reveal()), r.lease.BegunAt)
}
