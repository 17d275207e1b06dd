package authorize

import (
	"context"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// beginSupplied finishes an authorization with what the request to begin it
// brought: an assertion, a token to exchange, a login. The flow is over when it
// is known; it is stored all the same, so that whoever asks sees how it ended.
func (f *Flows) beginSupplied(ctx context.Context, a arrangement.Arrangement, given api.GrantInput) (api.Authorization, error) {
	if err := checkGiven(a, given); err != nil {
		return api.Authorization{}, err
	}
	// The provider may have used up what was brought: its answer must be kept.
	ctx = context.WithoutCancel(ctx)
	token, err := f.desk.Redeem(ctx, a, given)
	if err != nil {
		return api.Authorization{}, f.codeRefused(ctx, a, err)
	}
	if err := f.saveAuthorized(ctx, a, origin{}, token); err != nil {
		return api.Authorization{}, err
	}
	id, err := oauth.NewState(f.desk.Rand)
	if err != nil {
		return api.Authorization{}, err
	}
	now := f.desk.Now()
	flow := ledger.Flow{ID: id, Connection: a.Connection.Name, StateHash: hash(id), Status: api.FlowPending, CreatedAt: now, ExpiresAt: now.Add(flowLife)}
	if err := f.desk.Store.CreateFlow(ctx, flow); err != nil {
		return api.Authorization{}, err
	}
	return api.Authorization{Flow: id, ExpiresAt: flow.ExpiresAt.UTC()}, f.desk.Store.FinishFlow(ctx, id, api.FlowDone, nil)
}

// checkGiven refuses what is missing, and what the grant has no use for.
func checkGiven(a arrangement.Arrangement, given api.GrantInput) error {
	needs, missing, other := "", false, api.GrantInput{}
	switch {
	case a.Grant == oauth.GrantPassword:
		needs, missing = "username and password", given.Username == "" || given.Password == ""
		other = api.GrantInput{Assertion: given.Assertion, SubjectToken: given.SubjectToken}
	case a.OnCall():
		needs, missing = "subject_token", given.SubjectToken == ""
		other = api.GrantInput{Assertion: given.Assertion, Username: given.Username, Password: given.Password}
	case a.Supplied():
		needs, missing = "assertion", given.Assertion == ""
		other = api.GrantInput{SubjectToken: given.SubjectToken, Username: given.Username, Password: given.Password}
	default:
		return fault.New(api.CodeInvalid, "the grant %s of connection %q has no use for an assertion, a token or a login", a.Grant, a.Connection.Name).
			WithHint("leave it away, or change the grant of the connection")
	}
	if missing || !other.Empty() {
		return fault.New(api.CodeInvalid, "the grant %s of connection %q takes %s", a.Grant, a.Connection.Name, needs).
			WithHint("give %s and nothing else with the request, such as valetkey connect %s %s", needs, a.Connection.Name, flagOf(a))
	}
	return nil
}

func flagOf(a arrangement.Arrangement) string {
	switch {
	case a.Grant == oauth.GrantPassword:
		return "--username NAME --password-file FILE"
	case a.OnCall():
		return "--subject-token-file FILE"
	default:
		return "--assertion-file FILE"
	}
}
