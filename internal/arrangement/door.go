package arrangement

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/url"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/quirk"
	"github.com/valetkey/valetkey/internal/remedy"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// Session is what one request to an authorization server is made with: the
// client's authentication, and a way there that shows its certificate where
// there is one to show.
type Session struct {
	HTTP Doer
	Auth oauth.ClientAuth
}

// Authenticated makes a request at which the client authenticates. send is
// called again with the next secret, or the next method where none is known,
// as long as the server answers that it does not know the client. It must
// return the *oauth.Error of the answer, wrapped or not.
//
// For requests that use nothing up. Codes and refresh tokens go by [Desk.Exchange].
func (d *Desk) Authenticated(ctx context.Context, a Arrangement, server oauth.Server, send func(Session) error) error {
	door, err := d.door(ctx, a, server)
	if err != nil {
		return err
	}
	return door.through(ctx, send)
}

// door is where one client authenticates at one server.
type door struct {
	*Desk
	a          Arrangement
	auth       clientauth.Case
	credential clientauth.Credential
	ways       []clientauth.Way
	sure       bool // of the method
	guessed    bool // the method was not told but found, now or earlier
	prover     prover
}

func (d *Desk) door(ctx context.Context, a Arrangement, server oauth.Server) (*door, error) {
	credential, err := d.OpenCredential(a.Client)
	if err != nil {
		return nil, err
	}
	auth := d.authCase(a, server)
	ways, sure := auth.Ways(credential)
	guessed := !sure || a.Client.Learned.Method != "" && auth.Method == ""
	prover, err := d.prover(ctx, a, server)
	return &door{Desk: d, prover: prover, a: a, auth: auth, credential: credential, ways: ways, sure: sure, guessed: guessed}, err
}

// session makes a fresh authentication (RFC 7523 section 3: no JWT is shown twice).
func (d *door) session(ctx context.Context, way clientauth.Way) (Session, error) {
	proof, err := d.auth.Authenticate(ctx, d.credential, way)
	if err != nil {
		return Session{}, err
	}
	out, err := d.showing(proof.Pair)
	return Session{HTTP: d.prover.over(out), Auth: proof.ClientAuth}, err
}

// bare is a session of a request that authenticates in its own way.
func (d *door) bare(auth oauth.ClientAuth) (Session, error) {
	pair, err := d.auth.Pair(d.credential, auth.Method)
	if err != nil {
		return Session{}, err
	}
	out, err := d.showing(pair)
	return Session{HTTP: d.prover.over(out), Auth: auth}, err
}

// showing is the way to the server, with a certificate where there is one.
func (d *door) showing(pair secret.Text) (Doer, error) {
	switch {
	case pair.IsZero():
		return d.HTTP, nil
	case d.Showing == nil:
		return nil, fault.New(api.CodeNeedsConfiguration, "a client certificate cannot be shown on this way to the server")
	default:
		return d.Showing([]byte(pair.Reveal()))
	}
}

// through tries the ways in order until the server knows the client. The first
// refusal is the one that is told: it is of the way in use.
func (d *door) through(ctx context.Context, send func(Session) error) error {
	var first error
	for _, way := range d.ways {
		session, err := d.session(ctx, way)
		if err != nil {
			return cmp.Or(first, err)
		}
		if err = send(session); d.prover.wantsAgain(err) {
			if session, err = d.session(ctx, way); err == nil {
				err = send(session)
			}
		}
		switch clientauth.Judge(err) {
		case clientauth.Taken:
			d.learn(ctx, way)
			return err
		case clientauth.Unclear:
			return refusedBy(err, way)
		}
		first = cmp.Or(first, refusedBy(err, way))
	}
	if d.guessed {
		d.remember(ctx, ledger.Learned{}) // the next request finds out anew
	}
	return first
}

// refusedBy notes with a refusal how the client authenticated: what to do about
// it depends on that.
func refusedBy(err error, way clientauth.Way) error {
	var refused *oauth.Error
	if errors.As(err, &refused) {
		if refused.Evidence == nil {
			refused.Evidence = make(map[string]string)
		}
		refused.Evidence[remedy.AuthMethod] = string(way.Method)
	}
	return err
}

// learn remembers which way the server took, where there was a choice.
func (d *door) learn(ctx context.Context, way clientauth.Way) {
	learned := d.a.Client.Learned
	if !d.sure && learned.Method != string(way.Method) {
		learned.Method, learned.MethodAt = string(way.Method), d.Now()
	}
	if len(d.credential.Secrets) > 1 && (learned.SecretAt.IsZero() || learned.Secret != way.Secret) {
		learned.Secret, learned.SecretAt = way.Secret, d.Now()
	}
	d.remember(ctx, learned)
}

// remember writes what was learned. Losing it costs a request the next time.
func (d *door) remember(ctx context.Context, learned ledger.Learned) {
	if learned == d.a.Client.Learned {
		return
	}
	err := d.Store.SetClientLearned(ctx, d.a.Client, learned)
	if err != nil && !errors.Is(err, ledger.ErrStale) {
		d.Log.Warn("not written how a client authenticates", slog.String("client", d.a.Client.Name), slog.Any("error", err))
	}
}

// find narrows the ways down to the method that the server takes. It asks with
// requests like the one to be made, which hold nothing that could be used up:
// whoever answers invalid_grant to a code that nobody has was ready to look at
// it, and so knew the client. Where no answer tells, the RFC's own method is left.
func (d *door) find(ctx context.Context, request oauth.TokenRequest) error {
	request.Params = probing(request.Params)
	var first error
	refused := 0
	for _, way := range d.ways {
		err := d.ask(ctx, way, request)
		if d.prover.wantsAgain(err) {
			err = d.ask(ctx, way, request)
		}
		var answer *oauth.Error
		if err != nil && !errors.As(err, &answer) {
			return err // no request could be made
		}
		switch clientauth.Judge(err) {
		case clientauth.Taken:
			d.learn(ctx, way)
			d.keep(way.Method)
			return nil
		case clientauth.Refused:
			refused++
			first = cmp.Or(first, refusedBy(err, way))
		}
	}
	if refused == len(d.ways) {
		return first // the secret is wrong: what would be used up stays good
	}
	d.keep(d.ways[0].Method)
	return nil
}

// ask makes one request that finds out, with an authentication of its own.
func (d *door) ask(ctx context.Context, way clientauth.Way, request oauth.TokenRequest) error {
	session, err := d.session(ctx, way)
	if err != nil {
		return err
	}
	request.Auth = session.Auth
	_, err = quirk.Exchange{HTTP: session.HTTP, Now: d.Now}.Token(ctx, d.asking(d.a, request, secret.NewText(probe)))
	return err
}

// probe stands for a code, a token or a verifier that nobody has: as long as a
// verifier must be (RFC 7636 section 4.1).
const probe = "valetkey-probe-of-how-this-client-authenticates"

// probing puts the probe in the place of all that a request could use up.
func probing(params url.Values) url.Values {
	params = maps.Clone(params)
	for _, name := range []string{"code", "code_verifier", "refresh_token", "device_code", "assertion", "subject_token", "actor_token", "password"} {
		if params.Has(name) {
			params[name] = []string{probe}
		}
	}
	return params
}

func (d *door) keep(method oauth.AuthMethod) {
	var kept []clientauth.Way
	for _, way := range d.ways {
		if way.Method == method {
			kept = append(kept, way)
		}
	}
	d.ways = kept
}
