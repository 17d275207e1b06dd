package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/fault"
)

// play runs the steps in order; the first that fails ends them.
func (d *demo) play(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		d.introduceParts, d.register, d.authorizeStep, d.callStep,
		d.tokenStep, d.expiryStep, d.restartStep, d.replayStep,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.tell("\nAll %d steps worked: one authorization, and no token handled by hand.", d.steps)
	return nil
}

func (d *demo) introduceParts(ctx context.Context) error {
	d.step("The server and a practice provider run on this machine")
	d.tell("   Valetkey:          %s, data in %s", d.server.URL, d.Server.DataDir)
	d.tell("   practice provider: %s (a real OAuth server; its people and mail are made up)", d.practice.Credentials().Issuer)
	if err := d.newKey(ctx); err != nil {
		return err
	}
	d.tell("   A key was made, and the steps below use it over HTTP, as any program would.")
	d.look("key list")
	return nil
}

// newKey makes the operator's key of this run, and the client that shows it.
func (d *demo) newKey(ctx context.Context) error {
	operator := client.NewForHandler(d.server.OperatorHandler())
	if err := operator.Keys.Revoke(ctx, "demo"); err != nil && !isNotFound(err) {
		return err
	}
	key, err := operator.Keys.Create(ctx, api.KeySpec{Name: "demo", Role: api.RoleOperator})
	if err != nil {
		return err
	}
	d.client, err = client.New(client.Options{URL: d.server.URL, Key: string(key.Secret)})
	return err
}

func isNotFound(err error) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Code == api.CodeNotFound
}

func (d *demo) register(ctx context.Context) error {
	d.step("Register: which provider, which client, which connection")
	// What an earlier run on the same data left belongs to a provider that is gone.
	if err := d.client.Connections.Delete(ctx, name); err != nil && !isNotFound(err) {
		return err
	}
	who := d.practice.Credentials()
	provider := api.Provider{Title: "Practice provider"}
	provider.Issuer = who.Issuer
	provider.API = &api.CallSettings{BaseURL: who.APIBaseURL, Test: &api.TestRequest{Path: "/me"}}
	if _, err := d.client.Providers.Put(ctx, name, provider); err != nil {
		return err
	}
	secret := api.Secret(who.ClientSecret)
	registered, err := d.client.Clients.Put(ctx, name, api.ClientSpec{Provider: name, ClientID: who.ClientID, ClientSecret: &secret})
	if err != nil {
		return err
	}
	if _, err = d.client.Connections.Put(ctx, name, api.ConnectionSpec{
		Client: name,
		Scopes: []string{"openid", "User.Read", "Mail.Read", "offline_access"},
	}); err != nil {
		return err
	}
	d.tell("   The provider is its issuer's URL; its endpoints are discovered (RFC 8414).")
	d.tell("   The client secret is sealed on disk and reads back as %s.", registered.ClientSecret)
	d.tell("   Redirect URI: %s", registered.RedirectURI)
	d.look("providers "+name, "client show "+name)
	return nil
}

func (d *demo) authorizeStep(ctx context.Context) error {
	d.step("Authorize: a person logs in and consents, once")
	a, err := d.client.Authorize(ctx, name, api.AuthorizeRequest{Prompt: "consent"})
	if err != nil {
		return err
	}
	if d.journey != nil {
		d.tell("   --yes: the login and consent pages are filled in here, as a browser would.")
		if err := d.journey.Run(ctx, a.AuthorizationURL); err != nil {
			return err
		}
	} else {
		who := d.practice.Credentials()
		d.tell("   Your browser opens. Go on, log in as %s with the password %s, then allow.", who.Username, who.Password)
		d.tell("   If it does not open, go to %s", a.AuthorizationURL)
		if d.Browser(a.AuthorizationURL) != nil {
			d.tell("   (no browser could be started here)")
		}
	}
	if err := d.Await(ctx, d.client, name, a); err != nil {
		return err
	}
	c, err := d.client.Connections.Get(ctx, name)
	if err != nil {
		return err
	}
	if c.State != api.StateActive || !c.Renewable {
		return fault.New(api.CodeInternal, "the connection is %s, renews itself: %t", c.State, c.Renewable)
	}
	d.tell("   The connection is %s; its token is valid for %s and renews itself.", c.State, lifetime)
	d.look("show " + name)
	return nil
}

func (d *demo) callStep(ctx context.Context) error {
	d.step("Call the API through Valetkey, without a token")
	if err := d.callMe(ctx); err != nil {
		return err
	}
	var mail struct {
		Value []struct {
			Subject string `json:"subject"`
		} `json:"value"`
	}
	if err := d.get(ctx, "/me/messages?$top=3", &mail); err != nil {
		return err
	}
	for _, message := range mail.Value {
		d.tell("   GET /me/messages → %q", message.Subject)
	}
	d.tell("   The caller showed its own key; Valetkey put the provider's token in its place.")
	d.look("call " + name + " /me -i")
	return nil
}

// callMe asks the API who the token belongs to.
func (d *demo) callMe(ctx context.Context) error {
	var me struct {
		Name string `json:"displayName"`
	}
	if err := d.get(ctx, "/me", &me); err != nil {
		return err
	}
	d.tell("   GET /me → %q", me.Name)
	return nil
}

// get reads one JSON resource of the API through the proxy.
func (d *demo) get(ctx context.Context, path string, into any) error {
	res, err := d.client.Call(ctx, name, client.CallRequest{Path: path})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fault.New(api.CodeUpstream, "the API answered %d %s", res.StatusCode, http.StatusText(res.StatusCode)).
			WithHint("valetkey --data %s show %s", d.Server.DataDir, name)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

func (d *demo) tokenStep(ctx context.Context) error {
	d.step("Programs that need the token itself can have it")
	token, err := d.client.Token(ctx, name, 0)
	if err != nil {
		return err
	}
	d.tell("   %s: %s (a token of %d characters, generation %d)", token.Header, token.Scheme, len(token.AccessToken), token.Generation)
	d.look("token "+name, "token "+name+" --header")
	return nil
}

func (d *demo) expiryStep(ctx context.Context) error {
	d.step(fmt.Sprintf("Let the token expire (%s), then call again", lifetime))
	before, err := d.client.Connections.Get(ctx, name)
	if err != nil {
		return err
	}
	if before.ExpiresAt != nil {
		if err := pause(ctx, before.ExpiresAt.Sub(d.Server.Now())+200*time.Millisecond); err != nil {
			return err
		}
	}
	if err := d.callMe(ctx); err != nil {
		return err
	}
	after, err := d.client.Connections.Get(ctx, name)
	if err != nil {
		return err
	}
	if after.Generation <= before.Generation {
		return fault.New(api.CodeInternal, "the token was not renewed: its generation is still %d", after.Generation)
	}
	d.tell("   Generation %d became %d: the token was renewed with the refresh token, which the", before.Generation, after.Generation)
	d.tell("   provider replaced in the same breath. The caller noticed nothing.")
	d.look("show " + name + " --events 5")
	return nil
}

func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (d *demo) restartStep(ctx context.Context) error {
	d.step("Stop the server, start it again, call again")
	if err := d.halt(); err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	if err := d.callMe(ctx); err != nil {
		return err
	}
	d.tell("   Tokens, keys and settings are sealed in %s; nobody had to log in again.", d.Server.DataDir)
	return nil
}

func (d *demo) replayStep(ctx context.Context) error {
	d.step("Cheat: send the provider's answer a second time, from another browser")
	target := d.server.RedirectURI() + "?" + url.Values{"code": {"stolen"}, "state": {"forged"}}.Encode()
	if d.journey != nil && d.journey.callback != nil {
		target = d.journey.callback.String()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	thief := &http.Client{Timeout: 10 * time.Second}
	res, err := thief.Do(req)
	if err != nil {
		return fault.Wrap(err, api.CodeUnreachable, "the callback cannot be reached")
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxHTML))
	asked := d.practice.Requests()
	if res.StatusCode < http.StatusBadRequest || asked.CodeReuse > 0 {
		return fault.New(api.CodeInternal, "the callback was accepted a second time")
	}
	if err := d.callMe(ctx); err != nil {
		return err
	}
	d.tell("   Refused (%d): a flow is finished once, by the browser that began it. The practice", res.StatusCode)
	d.tell("   provider saw %d code in all, %d of them twice. The connection still works.", asked.CodesIssued, asked.CodeReuse)
	d.look("show " + name + " --events 10")
	return nil
}
