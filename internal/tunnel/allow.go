package tunnel

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// AllowList is what an agent lets requests through to. The empty list is nothing.
type AllowList struct{ entries []string }

// ParseAllow reads a list of HOST:PORT. A host may be *.DOMAIN for all hosts
// below a domain. Names are compared as they are written, not by their addresses.
func ParseAllow(texts []string) (AllowList, error) {
	var list AllowList
	for _, text := range texts {
		host, port, err := net.SplitHostPort(strings.TrimSpace(text))
		number, portErr := strconv.ParseUint(port, 10, 16)
		name := strings.TrimPrefix(host, "*.")
		if err != nil || portErr != nil || number == 0 || name == "" || strings.ContainsAny(name, "*/, ") {
			return list, fault.New(api.CodeInvalid, "%q does not say which host and port to allow", text).
				WithHint("write --allow HOST:PORT, such as --allow erp.contoso.internal:443 or --allow '*.contoso.internal:443'")
		}
		list.entries = append(list.entries, strings.ToLower(net.JoinHostPort(host, strconv.FormatUint(number, 10))))
	}
	return list, nil
}

// Texts are the entries, for people to read.
func (l AllowList) Texts() []string { return slices.Clone(l.entries) }

// Allows reports whether requests may go to an address, host:port.
func (l AllowList) Allows(address string) bool {
	address = strings.ToLower(address)
	return slices.ContainsFunc(l.entries, func(entry string) bool {
		below, wild := strings.CutPrefix(entry, "*")
		return entry == address || wild && strings.HasSuffix(address, below) && len(address) > len(below)
	})
}
