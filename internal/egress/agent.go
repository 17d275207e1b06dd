package egress

import (
	"context"
	"net"
	"net/http"
	"net/url"
)

// Agents lead into private networks. What may be reached there, each decides by
// a list of its own: the guard of addresses has no say.
type Agents interface {
	// Through are the agents that lead to a host; none: it is reached directly.
	Through(host string) []string
	// Dial connects to an address, host:port, by the first agent that is
	// connected. Its errors carry a fault.
	Dial(ctx context.Context, agents []string, address string) (net.Conn, error)
}

// leadBy has all requests go through agents, and through no proxy: that of this
// network does not know theirs.
func (e *Egress) leadBy(agents []string) {
	e.by, e.proxy, e.base.Proxy = agents, nil, nil
}

// through are the agents that lead to a host; none: it is reached directly.
func (e *Egress) through(host string) []string {
	switch {
	case e.agents == nil:
		return nil
	case len(e.by) > 0:
		return e.by
	}
	return e.agents.Through(host)
}

// around is a proxy for what no agent leads to.
func around(agents Agents, proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if agents == nil || proxy == nil {
		return proxy
	}
	return func(r *http.Request) (*url.URL, error) {
		if len(agents.Through(r.URL.Hostname())) > 0 {
			return nil, nil
		}
		return proxy(r)
	}
}
