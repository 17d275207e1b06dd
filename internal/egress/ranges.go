package egress

import (
	"net/netip"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// ParseRanges reads the value of VALETKEY_ALLOW_PRIVATE: ranges, addresses and
// the words "loopback" and "private" (RFC 1918 and RFC 4193), separated by
// commas or spaces. Empty text means none.
func ParseRanges(text string) ([]netip.Prefix, error) {
	var ranges []netip.Prefix
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		parsed, err := parseRange(word)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, parsed...)
	}
	return ranges, nil
}

func parseRange(word string) ([]netip.Prefix, error) {
	switch strings.ToLower(word) {
	case "loopback":
		return loopbackRanges(), nil
	case "private":
		return privateRanges(), nil
	}
	if address, err := netip.ParseAddr(word); err == nil {
		address = address.Unmap().WithZone("")
		return []netip.Prefix{netip.PrefixFrom(address, address.BitLen())}, nil
	}
	prefix, err := netip.ParsePrefix(word)
	if err != nil {
		return nil, fault.New(api.CodeNeedsConfiguration, "%q is not an address range", word).
			WithHint("write VALETKEY_ALLOW_PRIVATE as loopback, private, a range such as 10.20.0.0/16, or several with commas")
	}
	if prefix.Addr().Is4In6() {
		return nil, fault.New(api.CodeNeedsConfiguration, "the range %s is IPv4 written as IPv6", word).
			WithHint("write it as IPv4, for example 10.20.0.0/16")
	}
	if prefix != prefix.Masked() {
		return nil, fault.New(api.CodeNeedsConfiguration, "the range %s has bits set after its first %d", word, prefix.Bits()).
			WithHint("write %s for the whole range or %s for the one address", prefix.Masked(), prefix.Addr())
	}
	return []netip.Prefix{prefix}, nil
}

func loopbackRanges() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

func privateRanges() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("fc00::/7"),
	}
}
