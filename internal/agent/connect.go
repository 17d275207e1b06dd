package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/tunnel"
)

const (
	// Every is between two calls of [Registry.Beat].
	Every = 30 * time.Second
	// forgotten is how long a tunnel counts whose node says nothing of it.
	forgotten = 3 * Every
	// writeLimit bounds what is written of a tunnel that ended.
	writeLimit = 10 * time.Second
)

// Connect serves the request of an agent that opens a tunnel, until the tunnel
// ends. An error comes before anything was answered.
func (r *Registry) Connect(w http.ResponseWriter, request *http.Request) error {
	hello, err := tunnel.ReadHello(request.Header)
	if err != nil {
		return err
	}
	a, err := r.admit(request, hello)
	if err != nil {
		return err
	}
	if err := tunnel.CheckUpgrade(request); err != nil {
		return err
	}
	taken, err := r.claim(request.Context(), a.Name, hello.Instance)
	if err != nil {
		return err
	}
	r.Hub.Expect([]string{a.Name}) // from here on the agent may say that it is connected
	conn, err := tunnel.Accept(w, request, a.Name, r.Node)
	if err != nil {
		return err
	}
	now := r.Now().UTC()
	r.serving.Add(1)
	defer r.serving.Done()
	hello.Address = remote(request)
	t := Tunnel{
		Agent: a.Name, Node: r.Node, Instance: hello.Instance, Version: hello.Version, Address: hello.Address,
		Allow: hello.Allow, ConnectedAt: now, SeenAt: now,
	}
	if taken {
		r.Note(api.AuditEntry{Actor: a.Name, Action: "agent.connect", Subject: a.Name, Detail: map[string]string{"address": t.Address, "version": t.Version}})
	}
	r.serve(context.WithoutCancel(request.Context()), t, hello, conn)
	return nil
}

// admit says whose token a request shows, and whether both ends understand
// each other.
func (r *Registry) admit(request *http.Request, hello tunnel.Hello) (Agent, error) {
	token, _ := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	a, known := r.table.Load().byHash[sha256.Sum256([]byte(token))]
	if !known {
		return a, fault.New(api.CodeUnauthenticated, "this token is not known, or its agent was removed").
			WithHint("make a new one at the server: valetkey agent add NAME")
	}
	if !r.Speaks.Understands(hello.Protocol) {
		return a, fault.New(api.CodeConflict, "the agent %s is %s and speaks version %s of the tunnel, this server is %s and speaks %s: they are too far apart",
			a.Name, clip(hello.Version), hello.Protocol, r.Version, r.Speaks).
			WithHint("install valetkey %s on the agent's machine", r.Version)
	}
	return a, nil
}

// claim makes this run of the agent's program the one that counts.
func (r *Registry) claim(ctx context.Context, name, instance string) (taken bool, err error) {
	taken, err = r.Store.ClaimAgent(ctx, name, instance)
	switch {
	case errors.Is(err, ledger.ErrStale):
		return false, fault.Wrap(err, api.CodeConflict, "another process has taken over as the agent %s", name).
			WithHint("one agent runs once: end the other one, or give this one a name of its own: valetkey agent add NAME")
	case errors.Is(err, ledger.ErrNotFound):
		return false, fault.Wrap(err, api.CodeUnauthenticated, "the agent %s was removed", name).
			WithHint("make a new one at the server: valetkey agent add NAME")
	}
	return taken, err
}

// serve writes down that a tunnel stands, for as long as it does.
func (r *Registry) serve(ctx context.Context, t Tunnel, hello tunnel.Hello, conn *tunnel.Conn) {
	log := r.Logger.With(slog.String("agent", t.Agent), slog.String("address", t.Address))
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := r.Store.SaveTunnel(ctx, t); err != nil {
			log.Warn("it is not written that an agent is connected; the next beat does", slog.Any("error", err))
		}
	}()
	log.Info("an agent is connected", slog.String("version", t.Version))
	cause := r.Hub.Serve(t.Agent, hello, conn)
	log.Info("an agent's tunnel ended", slog.Any("reason", cause))
	<-written
	t.ConnectedAt = r.Now().UTC() // whatever was written of it until now
	if r.stands(t.Agent) {
		return // another took its place
	}
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	if err := r.Store.DropTunnel(ctx, t); err != nil {
		log.Debug("it is not written that an agent is gone; it is forgotten by itself", slog.Any("error", err))
	}
}

// Open takes tunnels from now on. alone says that no other process serves the
// same store: what is written of tunnels is then of one that is no more.
func (r *Registry) Open(ctx context.Context, alone bool) error {
	var expected []string
	for name, a := range r.table.Load().byName {
		if a.Instance != "" {
			expected = append(expected, name)
		}
	}
	r.Hub.Expect(expected)
	if !alone {
		return nil
	}
	return r.Store.PruneTunnels(ctx, r.Now().UTC())
}

// Close ends all tunnels of this node and waits, as long as the context lets it,
// until that is written.
func (r *Registry) Close(ctx context.Context) {
	r.Hub.Close()
	done := make(chan struct{})
	go func() { r.serving.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// stands reports whether an agent has a tunnel to this node.
func (r *Registry) stands(name string) bool {
	return slices.ContainsFunc(r.Hub.Online(), func(p tunnel.Presence) bool { return p.Agent == name })
}

// Beat writes that the tunnels of this node stand, and forgets those of nodes
// that are no more.
func (r *Registry) Beat(ctx context.Context) error {
	now := r.Now().UTC()
	var failed error
	for _, present := range r.Hub.Online() {
		t := Tunnel{
			Agent: present.Agent, Node: r.Node, Instance: present.Hello.Instance, Version: present.Hello.Version, Address: present.Hello.Address,
			Allow: present.Hello.Allow, ConnectedAt: present.Since.UTC(), SeenAt: now,
		}
		failed = errors.Join(failed, r.Store.SaveTunnel(ctx, t))
	}
	return errors.Join(failed, r.Store.PruneTunnels(ctx, now.Add(-forgotten)))
}

// remote is the address that a request came from, without its port. What a
// server in front says of it is not looked at.
func remote(request *http.Request) string {
	host, _, err := net.SplitHostPort(request.RemoteAddr)
	if err != nil {
		return request.RemoteAddr
	}
	return host
}
