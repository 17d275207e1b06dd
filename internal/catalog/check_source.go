package catalog

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// sources checks where the values of variables come from.
func (c *checker) sources() {
	for _, name := range slices.Sorted(maps.Keys(c.provider.Variables)) {
		v, key := c.provider.Variables[name], []string{"variables", name}
		if isBuiltIn(name) {
			c.at(key, "the name stands for a value of its own in requests; take another")
		}
		if v.From != "" && !slices.Contains(sourceNames(), v.From) {
			c.at(append(key, "from"), "%q is not one of %s", v.From, strings.Join(sourceNames(), ", "))
		}
		if len(v.Options) > 0 && len(v.Enum) > 0 {
			c.at(append(key, "enum"), "the options are the values allowed; leave enum out")
		}
		if v.Secret && v.From != api.FromClient {
			c.at(append(key, "secret"), "only a field of the registration can be a secret: it needs from: client")
		}
		if v.Secret && (v.Default != "" || len(v.Enum) > 0 || len(v.Options) > 0) {
			c.at(append(key, "secret"), "a value that stands in the description is none")
		}
		if v.From == api.FromRequest || v.Request != nil {
			c.lookup(key, v)
		}
		c.readers(key, v)
	}
}

func sourceNames() []string {
	return []string{api.FromUser, api.FromClient, api.FromCallback, api.FromTokenResponse, api.FromIDTokenClaim, api.FromAccessTokenClaim, api.FromRequest}
}

// readers refuses keys that would do nothing with the source they stand by.
func (c *checker) readers(key []string, v api.Variable) {
	fields := []string{api.FromTokenResponse, api.FromIDTokenClaim, api.FromAccessTokenClaim}
	for _, reader := range []struct {
		key   string
		set   bool
		which []string
	}{
		{"name", v.Name != "", append([]string{api.FromCallback}, fields...)},
		{"pointer", v.Pointer != "", fields},
		{"on_refresh", v.OnRefresh, fields},
		{"capture", v.Capture != "", append([]string{api.FromCallback, api.FromRequest}, fields...)},
	} {
		if reader.set && !slices.Contains(reader.which, v.From) {
			c.at(append(key, reader.key), "it has a meaning only with from: %s", strings.Join(reader.which, ", "))
		}
	}
}

func (c *checker) lookup(key []string, v api.Variable) {
	l := v.Request
	if l == nil || v.From != api.FromRequest {
		c.at(append(key, "from"), "from: request and the block request go together")
		return
	}
	if l.URL == "" || l.Value == "" {
		c.at(append(key, "request"), "it needs a url and a value")
	}
	c.address(strings.Join(append(key, "request", "url"), "."), l.URL, true)
	choices := []string{"", api.ChooseUser, api.ChooseFirst, api.ChooseOnly}
	if !slices.Contains(choices, l.Choose) {
		c.at(append(key, "request", "choose"), "%q is not one of user, first, only", l.Choose)
	}
}

// patterns checks the regular expressions of a variable, and that a guard guards.
func (c *checker) patterns(key []string, v api.Variable) bool {
	right := true
	for _, p := range []struct{ key, text string }{{"pattern", v.Pattern}, {"must_match", v.MustMatch}, {"capture", v.Capture}} {
		pattern, err := regexp.Compile(p.text)
		if err == nil && p.key != "capture" {
			pattern, err = wholePattern(p.text)
		}
		switch {
		case err != nil:
			c.at(append(key, p.key), "it is not a regular expression")
			right = false
		case p.text == "":
		case p.key == "capture" && pattern.NumSubexp() == 0:
			c.at(append(key, p.key), "it has no group: put ( ) around the part that is the value")
		case p.key == "must_match" && slices.ContainsFunc(strangers(), pattern.MatchString):
			c.at(append(key, p.key), "it lets any host pass; name the provider's, with dots written as \\.")
		}
	}
	return right
}

// strangers are what no guard may let pass.
func strangers() []string {
	return []string{"https://stranger.invalid", "https://stranger.invalid/a/b", "stranger.invalid"}
}

// offered says whether every option sets a member.
func offered(v api.Variable, member string) bool {
	for _, members := range v.Options {
		if _, ok := members[member]; !ok {
			return false
		}
	}
	return len(v.Options) > 0
}
