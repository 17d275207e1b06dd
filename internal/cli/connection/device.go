package connection

import (
	"context"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// authorizeByDevice is for a machine without a browser: the person opens an
// address on any other device and types a code (RFC 8628).
func (p Commands) authorizeByDevice(ctx context.Context, s *prompt.Session, name string, f connectFlags) error {
	step, err := f.step.stepUp()
	if err != nil {
		return err
	}
	a, err := s.Authorize(ctx, name, api.AuthorizeRequest{Device: true, StepUp: step})
	if err != nil {
		return err
	}
	if err := p.offerCode(a, name); err != nil || f.wait == 0 {
		return err
	}
	if err := p.Await(ctx, s, Pending{name, a, f.wait}); err != nil {
		return err
	}
	return p.connected(ctx, s, name)
}

// offerCode shows the address and the code, always as text; the address that
// holds the code already goes beside them, never instead (RFC 8628 section 3.3.1).
func (p Commands) offerCode(a api.Authorization, name string) error {
	p.Note("on any device, open this address and enter the code to authorize %s (valid until %s):", name, a.ExpiresAt.Local().Format(time.TimeOnly))
	if p.Flags.Output == "json" {
		return p.Print(a, nil)
	}
	_, err := fmt.Fprintf(p.Streams.Out, "%s\n%s\n", console.Paragraph(a.VerificationURI), console.Paragraph(a.UserCode))
	if a.VerificationURIComplete != "" {
		p.Note("or open %s and compare the code", console.Paragraph(a.VerificationURIComplete))
	}
	return err
}
