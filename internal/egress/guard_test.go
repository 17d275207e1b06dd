package egress

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestP03_AddressesThatAreNotPublicAreRefused(t *testing.T) {
	g := newGuard(nil, false)
	for _, text := range []string{
		"127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3", "198.18.0.1", "198.19.255.255",
		"192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1",
		"240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
		"64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1",
		"2001:0:1::1", "2001:db8::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "febf::1",
		"fec0::1", "ff02::1", "100::1",
	} {
		if what, ok := g.check(netip.MustParseAddr(text)); ok || what == "" {
			t.Errorf("%s may be reached (%q)", text, what)
		}
	}
}

func TestP03_PublicAddressesAreReached(t *testing.T) {
	g := newGuard(nil, false)
	for _, text := range []string{
		"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
		"192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8",
		"2606:4700::1111", "2001:4860:4860::8888", "2a00::1",
	} {
		if what, ok := g.check(netip.MustParseAddr(text)); !ok {
			t.Errorf("%s is refused as %s", text, what)
		}
	}
}

func TestP03_TheOperatorsRangesAreReachedAndNoOthers(t *testing.T) {
	allowed, err := ParseRanges("10.20.0.0/16, 64:ff9b::/96 fd00::7")
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(allowed, true)
	for text, want := range map[string]bool{
		"10.20.3.4": true, "::ffff:10.20.3.4": true, "10.21.0.1": false,
		"fd00::7": true, "fd00::8": false,
		"127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true,
		"64:ff9b::808:808":  true,  // 8.8.8.8
		"64:ff9b::a14:304":  true,  // 10.20.3.4
		"64:ff9b::c0a8:101": false, // 192.168.1.1
		"169.254.169.254":   false,
	} {
		if _, got := g.check(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: reached %v, want %v", text, got, want)
		}
	}
}

func TestARefusalNamesHostAddressAndSetting(t *testing.T) {
	err := newGuard(nil, false).judge("intranet.example", netip.MustParseAddr("10.1.2.3"))
	found := fault.As(err)
	if found.Code != api.CodeNeedsConfiguration {
		t.Errorf("code %s", found.Code)
	}
	for _, want := range []string{"intranet.example", "10.1.2.3"} {
		if !strings.Contains(found.Message, want) {
			t.Errorf("message %q lacks %s", found.Message, want)
		}
	}
	for _, want := range []string{"--allow-private 10.1.2.3/32", "VALETKEY_ALLOW_PRIVATE=10.1.2.3/32"} {
		if !strings.Contains(found.Hint, want) {
			t.Errorf("hint %q lacks %s", found.Hint, want)
		}
	}
}

func TestRangesAreParsed(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"loopback":                    "127.0.0.0/8 ::1/128",
		"private":                     "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
		"Loopback,10.0.0.0/8":         "127.0.0.0/8 ::1/128 10.0.0.0/8",
		"192.168.1.5, ::ffff:1.2.3.4": "192.168.1.5/32 1.2.3.4/32",
	} {
		ranges, err := ParseRanges(text)
		var got []string
		for _, r := range ranges {
			got = append(got, r.String())
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}

func TestWrongRangesAreRefusedWithTheWayToWriteThem(t *testing.T) {
	for text, hint := range map[string]string{
		"localhost":           "loopback, private",
		"10.0.0.0/33":         "10.20.0.0/16",
		"10.1.2.3/8":          "10.0.0.0/8",
		"::ffff:10.0.0.0/104": "as IPv4",
	} {
		_, err := ParseRanges(text)
		if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(fault.As(err).Hint, hint) {
			t.Errorf("%q: %v, hint %q", text, err, fault.As(err).Hint)
		}
	}
}
