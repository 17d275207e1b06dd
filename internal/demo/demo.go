package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// lifetime is how long the practice run's access tokens are valid: short
// enough to see one expire, long enough to see it work.
const lifetime = 4 * time.Second

// name is what provider, client and connection of the practice run are called.
const name = "practice"

// Options are what a practice run is given.
type Options struct {
	Server   app.Config // an empty Listen takes the usual address when it is free, else another
	Out      io.Writer  // the story
	ByItself bool       // log in and consent without a person
	Once     bool       // end after the last step
	// Browser opens a page for the person. Its error only means that the
	// person must open the page by hand.
	Browser func(url string) error
	// Await returns when the person has authorized the connection, or with
	// why it was not authorized.
	Await func(ctx context.Context, c *client.Client, connection string, a api.Authorization) error
}

// demo is one practice run.
type demo struct {
	Options
	practice *Provider
	server   *app.Server
	stop     context.CancelFunc
	stopped  chan error
	client   *client.Client // over HTTP, with a key, as any program would
	journey  *Journey       // nil when a person does it
	steps    int
}

// Run plays the steps on the data directory of o.Server, which it leaves as it
// is in the end. It returns the error of the first step that does not show
// what it should.
func Run(ctx context.Context, o Options) (err error) {
	if o.Server.Now == nil {
		o.Server.Now = time.Now
	}
	d := &demo{Options: o}
	if d.practice, err = StartProvider(ctx, "127.0.0.1:0", sandbox.Config{TokenLifetime: lifetime}); err != nil {
		return err
	}
	defer d.practice.Stop()
	if o.ByItself {
		if d.journey, err = NewJourney(d.practice.Credentials()); err != nil {
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
	if err := d.play(ctx); err != nil || o.Once {
		return err
	}
	return d.linger(ctx)
}

// start opens the server, on the usual address when it is free.
func (d *demo) start(ctx context.Context) error {
	server, err := app.Listen(ctx, d.Server)
	if err != nil && d.Server.Listen == "" {
		d.Server.Listen = "127.0.0.1:0"
		server, err = app.Listen(ctx, d.Server)
	}
	if err != nil {
		return err
	}
	d.Server.Listen = strings.TrimPrefix(server.URL, "http://") // the restart must find it again
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
	d.look("list", "show "+name, "call "+name+" '/me/messages?$top=3'", "revoke "+name)
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
	fmt.Fprintf(d.Out, "\n%d. %s\n", d.steps, title)
}

func (d *demo) tell(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// look shows commands to run against this practice run.
func (d *demo) look(commands ...string) {
	for _, command := range commands {
		d.tell("   look: valetkey --data %s %s", d.Server.DataDir, command)
	}
}
