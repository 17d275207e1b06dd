package broker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/oauth"
)

const (
	// stepTries is how often one resource may have a person asked: one that is
	// never content would otherwise have people sign in without end (RFC 9470
	// section 9).
	stepTries = 2
	// stepInterval is between two looks at a resource's challenges.
	stepInterval = 10 * time.Second
	maxSteps     = 4096 // resources that are remembered
)

// Challenge is what a resource wants besides a token that is valid.
type Challenge struct {
	Resource    string // scheme, host and path; never a query
	Code        string // insufficient_scope, insufficient_user_authentication, insufficient_claims
	Description string // the API's own words
	api.StepUp
}

// RenewWith is [Broker.Renew] with the claims that an API's challenge asks for.
// It gives nothing, and no error, where the provider gives such a token to a
// person only: the grant is as good as before. A user on whose behalf the call
// is made is told what the provider wants of them, which may be more.
func (b *Broker) RenewWith(ctx context.Context, connection string, generation int64, claims string) (*Credential, error) {
	credential, err := b.renewRefused(ctx, connection, wish{generation, claims})
	if wanted := new(onbehalf.Challenge); errors.As(err, &wanted) && wanted.Claims != "" {
		return nil, err
	}
	if needsPerson(err) {
		return nil, nil
	}
	return credential, err
}

// needsPerson tells a refusal of what was asked for besides from one of the grant.
func needsPerson(err error) bool {
	var refused *oauth.Error
	if !errors.As(err, &refused) || refused.Action != oauth.ActionReauthorize {
		return false
	}
	return refused.Evidence["claims"] != "" || refused.Code != "invalid_grant" && refused.Grant == oauth.GrantRefreshToken
}

// claimsRefused says whether a renewal failed only because of the claims that
// it asked for: nothing follows for the connection.
func claimsRefused(a arrangement.Arrangement, err error) bool {
	return a.Claims != "" && needsPerson(err)
}

// StepUp notes what an API wants that only a person can give, so that the next
// authorization asks for it. The connection goes on as it is: other calls have
// what they need.
func (b *Broker) StepUp(ctx context.Context, connection string, challenge Challenge) {
	if _, shown := onbehalf.Subject(ctx); shown {
		return // the caller's user must sign in; the challenge reaches the caller
	}
	ctx = context.WithoutCancel(ctx)
	step := b.steps.enter(connection, challenge.Resource, b.Now())
	if step == nil {
		return
	}
	defer b.steps.leave(step)
	if err := b.askFor(ctx, connection, challenge, step); err != nil && !errors.Is(err, ledger.ErrStale) {
		b.Log.Warn("what an API asks for was not noted", "connection", connection, "error", err)
	}
}

func (b *Broker) askFor(ctx context.Context, connection string, challenge Challenge, step *step) error {
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return err
	}
	c := a.Connection
	if c.State != api.StateActive || c.Generation == 0 {
		return nil // it waits for something else, and is authorized anew or not at all
	}
	asked := api.StepUp{}
	if c.Cause != nil && c.Cause.StepUp != nil {
		asked = *c.Cause.StepUp
	}
	wanted := joined(asked, challenge.StepUp, beyond(c.GrantedScopes, a.Scopes()))
	if c.Cause != nil && c.Cause.StepUp != nil && same(asked, wanted) {
		return nil
	}
	if step.tries == 0 || !step.authorized.Equal(c.AuthorizedAt) {
		step.tries++
		step.authorized = c.AuthorizedAt
	}
	cause := &api.Cause{Code: challenge.Code, Title: "the API wants more than this grant gives: " + named(challenge.StepUp), Detail: challenge.Description,
		Remedy: "valetkey connect " + connection + " asks for exactly that; until then calls that need no more go on", StepUp: &wanted}
	switch {
	case a.Unattended():
		cause.StepUp = nil
		cause.Remedy = "nobody authorizes this connection: give the client " + a.Client.Name + " what is named at the provider, and add it to the connection's scopes"
	case step.tries > stepTries:
		cause.StepUp = nil
		cause.Title = "the API asked for the same again after it was given " + strconv.Itoa(stepTries) + " times: " + named(challenge.StepUp)
		cause.Remedy = "ask whoever runs the API what the account lacks there; other calls go on"
	}
	if c.Cause != nil && c.Cause.Title == cause.Title {
		return nil
	}
	event := b.desk.Event(connection, ledger.EventStepUp, map[string]string{"code": cause.Code, "title": cause.Title, "resource": challenge.Resource})
	return b.Store.SetState(ctx, connection, c.Generation, ledger.StateChange{State: api.StateActive, Cause: cause}, event)
}

// kept is the cause that outlives a renewal: what only a person can give.
func kept(cause *api.Cause) *api.Cause {
	if cause == nil || cause.StepUp == nil {
		return nil
	}
	return cause
}

// joined is what is asked for once more is wanted: scopes add up, together with
// those that were granted besides the connection's own.
func joined(asked, more api.StepUp, held []string) api.StepUp {
	return api.StepUp{
		Scopes:    slices.Compact(slices.Sorted(slices.Values(slices.Concat(asked.Scopes, more.Scopes, held)))),
		Claims:    cmp.Or(more.Claims, asked.Claims),
		ACRValues: cmp.Or(more.ACRValues, asked.ACRValues),
		MaxAge:    cmp.Or(more.MaxAge, asked.MaxAge),
	}
}

func same(a, b api.StepUp) bool {
	age := func(s api.StepUp) int {
		if s.MaxAge == nil {
			return -1
		}
		return *s.MaxAge
	}
	return slices.Equal(a.Scopes, b.Scopes) && a.Claims == b.Claims && a.ACRValues == b.ACRValues && age(a) == age(b)
}

func beyond(granted, configured []string) []string {
	return slices.DeleteFunc(slices.Clone(granted), func(scope string) bool { return slices.Contains(configured, scope) })
}

// named puts a challenge into words.
func named(s api.StepUp) string {
	var parts []string
	if len(s.Scopes) > 0 {
		parts = append(parts, "the scopes "+strings.Join(s.Scopes, " "))
	}
	if s.ACRValues != "" {
		parts = append(parts, "a sign-in of the kind "+s.ACRValues)
	}
	if s.MaxAge != nil {
		parts = append(parts, "a sign-in no older than "+(time.Duration(*s.MaxAge)*time.Second).String())
	}
	if s.Claims != "" {
		parts = append(parts, "claims that the provider checks at sign-in")
	}
	if len(parts) == 0 {
		return "it does not say what"
	}
	return strings.Join(parts, ", ")
}

// steps remembers the resources that asked for more.
type steps struct {
	mu    sync.Mutex
	known map[string]*step
}

// step is one resource's challenges; whoever entered it holds it alone.
type step struct {
	tries      int
	authorized time.Time // when the grant began that was not enough
	looked     time.Time
	busy       bool
}

// enter gives a resource's step once in a while; nil: not now.
func (s *steps) enter(connection, resource string, now time.Time) *step {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := connection + " " + resource
	one := s.known[key]
	if one == nil {
		if s.known == nil || len(s.known) >= maxSteps {
			s.known = make(map[string]*step)
		}
		one = &step{}
		s.known[key] = one
	} else if one.busy || now.Sub(one.looked) < stepInterval {
		return nil
	}
	one.busy, one.looked = true, now
	return one
}

func (s *steps) leave(one *step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.busy = false
}
