package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// demoLifetime is how long the practice run's access tokens are valid: short
// enough to see one expire, long enough to see it work.
const demoLifetime = 4 * time.Second

// demoName is what provider, client and connection of the practice run are called.
const demoName = "practice"

const demoHelp = `Run everything once, on this machine, with no account anywhere: start the server
and a practice provider, register a client, authorize a connection, call the
API through it, let the token expire, call again, restart, and try to cheat.
Each step says what happened, what it proves, and where to look.

Your browser opens for the login and consent; with --yes the command fills in
those pages by itself. Afterwards the server stays up to be explored, unless
--once. The data is thrown away at the end, unless --data names a directory.`

func (p *program) demoCommand() *cobra.Command {
	var yes, once bool
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "See it all work in a few seconds, with a practice provider",
		Long:    demoHelp,
		Args:    cobra.NoArgs,
		Example: "  valetkey demo\n  valetkey demo --yes --once",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.demo(cmd.Context(), yes, once)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "log in and consent by itself, without a browser")
	cmd.Flags().BoolVar(&once, "once", false, "end when the steps are done")
	return cmd
}

// demo is one practice run.
type demo struct {
	*program
	config   app.Config
	practice *practice
	server   *app.Server
	stop     context.CancelFunc
	stopped  chan error
	client   *client.Client // over HTTP, with a key, as any program would
	journey  *journey       // nil when a person does it
	steps    int
}

func (p *program) demo(ctx context.Context, yes, once bool) (err error) {
	d := &demo{program: p}
	if p.flags.data == "" { // the data of everyday is not for practice
		dir, err := os.MkdirTemp("", "valetkey-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		p.flags.data = dir
	}
	if d.config, err = p.appConfig(serverFlags{}); err != nil {
		return err
	}
	if d.practice, err = startSandbox(ctx, "127.0.0.1:0", sandbox.Config{TokenLifetime: demoLifetime}); err != nil {
		return err
	}
	defer d.practice.stop()
	if yes {
		if d.journey, err = newJourney(d.practice.Credentials()); err != nil {
			return err
		}
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	defer func() {
		if stopped := d.halt(); err == nil {
			err = stopped
		}
	}()
	if err := d.play(ctx); err != nil || once {
		return err
	}
	return d.linger(ctx)
}

// start opens the server, on the usual address when it is free.
func (d *demo) start(ctx context.Context) error {
	server, err := app.Listen(ctx, d.config)
	if err != nil && d.config.Listen == "" {
		d.config.Listen = "127.0.0.1:0"
		server, err = app.Listen(ctx, d.config)
	}
	if err != nil {
		return err
	}
	d.config.Listen = strings.TrimPrefix(server.URL, "http://") // the restart must find it again
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.server, d.stop, d.stopped = server, stop, make(chan error, 1)
	go func() { d.stopped <- server.Run(running) }()
	return nil
}

// halt ends the server and waits until its data is written.
func (d *demo) halt() error {
	if d.server == nil {
		return nil
	}
	d.stop()
	d.server = nil
	return <-d.stopped
}

// linger leaves the server running for the person to look around.
func (d *demo) linger(ctx context.Context) error {
	d.tell("\nThe server keeps running at %s until you press Ctrl-C. From another terminal:", d.server.URL)
	d.look("list", "show "+demoName, "call "+demoName+" '/me/messages?$top=3'", "revoke "+demoName)
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.stopped:
		d.server = nil
		return errors.Join(errors.New("the server stopped by itself"), err)
	}
}

// step begins a numbered step.
func (d *demo) step(title string) {
	d.steps++
	fmt.Fprintf(d.streams.Out, "\n%d. %s\n", d.steps, title)
}

func (d *demo) tell(format string, args ...any) { fmt.Fprintf(d.streams.Out, format+"\n", args...) }

// look shows commands to run against this practice run.
func (d *demo) look(commands ...string) {
	for _, command := range commands {
		d.tell("   look: valetkey --data %s %s", d.flags.data, command)
	}
}
