package draft

import (
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/internal/catalog"
)

// BaseURL makes an address that may hold our {name} templates a base URL:
// http or https, without a query, fragment or slash at the end. It says in a
// few words what is wrong with an address that cannot be one; the words quote
// nothing of it.
func BaseURL(address string) (base, wrong string) {
	address = strings.TrimSpace(address)
	if cut := strings.IndexAny(address, "?#"); cut >= 0 {
		address = address[:cut]
	}
	address = strings.TrimRight(address, "/")
	if wrong := Address(address); wrong != "" {
		return "", wrong
	}
	return address, ""
}

// Address says in a few words why an address, or a template of ours that
// gives one, is no http or https address; nothing when it is one.
func Address(address string) (wrong string) {
	if address == "" {
		return "it is empty"
	}
	if strings.HasPrefix(address, "{") {
		// The variable brings scheme and host.
		end := strings.IndexByte(address, '}')
		if end < 0 || len(catalog.Variables(address[:end+1])) == 0 {
			return "it is not an address"
		}
		address = "https://x.example" + address[end+1:]
	}
	stand := make(map[string]string)
	for _, name := range catalog.Variables(address) {
		stand[name] = "x"
	}
	expanded, err := catalog.Expand(address, stand)
	if err != nil {
		return "it is not a whole http or https address"
	}
	u, err := url.Parse(expanded)
	switch {
	case err != nil || u.Host == "":
		return "it is not a whole http or https address"
	case strings.ContainsAny(expanded, "{} "):
		return "it has a brace or a space"
	}
	return ""
}

// Host is the host of an address, or nothing: a name for what has no other.
func Host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
