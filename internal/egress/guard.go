package egress

import (
	"context"
	"net/netip"
	"syscall"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// refused says which addresses are never public, and what they are, from the
// IANA registries of special-purpose addresses (RFC 6890 and its updates).
// netip.Addr.IsGlobalUnicast would let most of them pass.
func refused() []namedRange {
	return []namedRange{
		named("0.0.0.0/8", "this host itself"),
		named("10.0.0.0/8", "a private address"),
		named("100.64.0.0/10", "a carrier's shared address"),
		named("127.0.0.0/8", "a loopback address"),
		named("169.254.0.0/16", "a link-local address, where cloud metadata lives"),
		named("172.16.0.0/12", "a private address"),
		named("192.0.0.0/24", "reserved for protocols"),
		named("192.0.2.0/24", "reserved for documentation"),
		named("192.88.99.0/24", "a 6to4 relay"),
		named("192.168.0.0/16", "a private address"),
		named("198.18.0.0/15", "reserved for benchmarks"),
		named("198.51.100.0/24", "reserved for documentation"),
		named("203.0.113.0/24", "reserved for documentation"),
		named("224.0.0.0/4", "a multicast address"),
		named("240.0.0.0/4", "reserved or broadcast"),
		named("::/96", "unspecified, loopback or an old embedded address"),
		named("::ffff:0:0:0/96", "a translated IPv4 address"),
		named("64:ff9b::/96", "an IPv4 address translated by NAT64"),
		named("64:ff9b:1::/48", "an IPv4 address translated by a local NAT64"),
		named("100::/64", "a discard address"),
		named("2001::/23", "reserved for protocols, Teredo among them"),
		named("2001:db8::/32", "reserved for documentation"),
		named("2002::/16", "an IPv4 address embedded by 6to4"),
		named("3fff::/20", "reserved for documentation"),
		named("5f00::/16", "a segment routing address"),
		named("fc00::/7", "a private address"),
		named("fe80::/10", "a link-local address"),
		named("fec0::/10", "an old site-local address"),
		named("ff00::/8", "a multicast address"),
	}
}

// namedRange is a range of addresses and what lives there.
type namedRange struct {
	prefix netip.Prefix
	what   string
}

func named(prefix, what string) namedRange {
	return namedRange{netip.MustParsePrefix(prefix), what}
}

// guard decides which addresses may be reached.
type guard struct {
	refused []namedRange
	allowed []netip.Prefix
}

func newGuard(allowed []netip.Prefix, loopback bool) guard {
	g := guard{refused: refused()}
	g.allowed = append(g.allowed, allowed...)
	if loopback {
		g.allowed = append(g.allowed, loopbackRanges()...)
	}
	return g
}

// check refuses an address that is not public unless a range allows it. Of an
// address that a NAT64 gateway translates, the address behind is judged too:
// allowing the gateway does not allow all that it reaches.
func (g guard) check(address netip.Addr) (reason string, ok bool) {
	address = address.Unmap().WithZone("")
	if behind, translated := nat64(address); translated && g.allows(address) {
		return g.check(behind)
	}
	if g.allows(address) {
		return "", true
	}
	for _, r := range g.refused {
		if r.prefix.Contains(address) {
			return r.what, false
		}
	}
	return "", true
}

func (g guard) allows(address netip.Addr) bool {
	for _, p := range g.allowed {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

// nat64 returns the IPv4 address in one of NAT64's well-known prefix (RFC 6052
// section 2.1).
func nat64(address netip.Addr) (netip.Addr, bool) {
	if !netip.MustParsePrefix("64:ff9b::/96").Contains(address) {
		return netip.Addr{}, false
	}
	bytes := address.As16()
	return netip.AddrFrom4([4]byte(bytes[12:])), true
}

// control is the guard as [net.Dialer.ControlContext] for one host.
func (g guard) control(host string) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fault.Wrap(err, api.CodeInternal, "%s resolved to something that is not an address", host)
		}
		return g.judge(host, target.Addr())
	}
}

// checkLiteral judges a host that is written as an address.
func (g guard) checkLiteral(host string) error {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return nil // a name
	}
	return g.judge(host, address)
}

func (g guard) judge(host string, address netip.Addr) error {
	reason, ok := g.check(address)
	if ok {
		return nil
	}
	plain := address.Unmap().WithZone("")
	subject := plain.String() + " is"
	if host != plain.String() {
		subject = host + " has the address " + plain.String() + ","
	}
	return fault.New(api.CodeNeedsConfiguration, "%s %s, which outgoing requests may not reach", subject, reason).
		WithHint("if this is your own system, start the server with --allow-private %s or set VALETKEY_ALLOW_PRIVATE=%s", single(plain), single(plain))
}

// single is the range of one address.
func single(address netip.Addr) string {
	return netip.PrefixFrom(address, address.BitLen()).String()
}
