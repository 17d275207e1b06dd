package connection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/reach"
)

// authorize sends the person to the provider and waits for the outcome.
func (p Commands) authorize(ctx context.Context, s *prompt.Session, name string, f connectFlags) error {
	if s.Own != nil {
		stop, err := s.Own.ListenCallback(ctx)
		if err != nil {
			return err
		}
		defer func() {
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), reach.CloseGrace)
			defer cancel()
			_ = stop(stopping) // the outcome is known by now
		}()
	}
	step, err := f.step.stepUp()
	if err != nil {
		return err
	}
	a, err := s.Authorize(ctx, name, api.AuthorizeRequest{LoginHint: f.loginHint, Prompt: f.prompt, StepUp: step})
	if err != nil {
		return err
	}
	if err := p.offer(a, name, f); err != nil || f.wait == 0 {
		return err
	}
	if err := p.Await(ctx, s, Pending{name, a, f.wait}); err != nil {
		return err
	}
	return p.connected(ctx, s, name)
}

// offer opens the browser, or prints the address.
func (p Commands) offer(a api.Authorization, name string, f connectFlags) error {
	if f.noBrowser || f.wait == 0 {
		p.Note("open this address in a browser to authorize %s (valid until %s):", name, a.ExpiresAt.Local().Format(time.TimeOnly))
		if p.Flags.Output == "json" {
			return p.Print(a, nil)
		}
		_, err := fmt.Fprintln(p.Streams.Out, a.AuthorizationURL)
		return err
	}
	p.Note("opening your browser to authorize %s; if it does not open, go to\n  %s", name, a.AuthorizationURL)
	if err := p.Env.Browser(a.AuthorizationURL); err != nil {
		p.Note("no browser could be started here: open the address above by hand")
	}
	return nil
}

// Pending is an authorization that a person has begun.
type Pending struct {
	Connection string
	api.Authorization
	Wait time.Duration
}

// Await waits until the flow is done, shows on a terminal that it does, and
// says why the connection was not authorized.
func (p Commands) Await(ctx context.Context, s *prompt.Session, a Pending) error {
	limited, cancel := context.WithTimeout(ctx, a.Wait)
	defer cancel()
	stop := func() {}
	if p.Flags.Output != "json" {
		stop = p.Streams.Person().Progress(limited, p.Env.Now, "waiting for the browser")
	}
	flow, err := s.Flows.Wait(limited, a.Flow)
	stop()
	switch {
	case err == nil && flow.Status == api.FlowFailed:
		return failedFlow(a.Connection, flow)
	case err == nil:
		return nil
	case ctx.Err() != nil:
		still := "the address stays valid until " + a.ExpiresAt.Local().Format(time.TimeOnly)
		if s.Own != nil {
			still = "nobody listens for the answer any more: run the command again"
		}
		return &api.Problem{Title: "Interrupted", Code: api.CodeInternal, Detail: "interrupted before the authorization was finished", Hint: still}
	case errors.Is(err, context.DeadlineExceeded):
		return &api.Problem{
			Title:  "A person must authorize this connection",
			Code:   api.CodeNeedsAuthorization,
			Detail: "nobody finished the authorization within " + console.Span(a.Wait),
			Hint:   "run the command again; --wait 30m waits longer",
		}
	}
	return err
}

// failedFlow says why an authorization failed, and what to change.
func failedFlow(name string, flow api.Flow) error {
	problem := &api.Problem{
		Title:  "The authorization failed",
		Code:   api.CodeNeedsAuthorization,
		Detail: "the authorization of " + name + " failed",
		Hint:   "valetkey connect " + name,
	}
	if c := flow.Cause; c != nil {
		problem.Detail += ": " + c.Title
		if c.Detail != "" {
			problem.Detail += " (" + c.Detail + ")"
		}
		if c.Remedy != "" {
			problem.Hint = c.Remedy
		}
		switch c.Code {
		case "invalid_client", "unauthorized_client", "redirect_uri_mismatch", "invalid_scope", string(api.CodeNeedsConfiguration):
			problem.Code = api.CodeNeedsConfiguration
		case string(api.CodeUnreachable):
			problem.Code = api.CodeUnreachable
		}
	}
	return problem
}

// connected sums up what was reached.
func (p Commands) connected(ctx context.Context, s *prompt.Session, name string) error {
	c, err := s.Connections.Get(ctx, name)
	if err != nil {
		return err
	}
	if p.Flags.Output != "table" {
		return p.Print(c, nil)
	}
	return p.summary(p.Streams.Err, c)
}

func (p Commands) summary(w io.Writer, c api.Connection) error {
	fmt.Fprintf(w, "connection %s is %s", c.Name, c.State)
	if c.Account != "" {
		fmt.Fprintf(w, ", for the account %s", console.Paragraph(c.Account))
	}
	fmt.Fprintln(w)
	switch {
	case c.ExpiresAt == nil:
		fmt.Fprintln(w, "the provider does not say how long its token is valid")
	case c.Renewable:
		fmt.Fprintf(w, "its token is valid until %s and renews itself\n", p.When(c.ExpiresAt))
	default:
		fmt.Fprintf(w, "its token is valid until %s and does not renew itself\n", p.When(c.ExpiresAt))
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "warning: %s\n", console.Paragraph(warning))
	}
	if c.Cause != nil {
		if c.Cause.Detail != "" {
			fmt.Fprintln(w, console.Paragraph(c.Cause.Detail))
		}
		fmt.Fprintf(w, "%s: %s\n", console.Paragraph(c.Cause.Title), console.Paragraph(c.Cause.Remedy))
	}
	_, err := fmt.Fprintf(w, "next: valetkey call %s /PATH\n", c.Name)
	return err
}
