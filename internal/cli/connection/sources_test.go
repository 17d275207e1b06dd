package connection

import (
	"reflect"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestWhereTokensComeFromIsWrittenIntoTheConnection(t *testing.T) {
	for name, test := range map[string]struct {
		flags sourceFlags
		want  api.ConnectionSpec
		wrong bool
	}{
		"nothing":                        {},
		"RFC7522/an assertion in a file": {flags: sourceFlags{assertionPath: "/run/a.xml"}, want: api.ConnectionSpec{GrantSettings: api.GrantSettings{Assertion: &api.TokenSource{File: "/run/a.xml"}}}},
		"RFC8693/a subject of a program": {
			flags: sourceFlags{subjectCommand: []string{"/bin/t", "-x"}, subjectType: "jwt"},
			want:  api.ConnectionSpec{GrantSettings: api.GrantSettings{Subject: &api.TokenSource{Command: []string{"/bin/t", "-x"}, Type: "jwt"}}},
		},
		"SchemaRow26/one of several": {flags: sourceFlags{tokenSet: "user"}, want: api.ConnectionSpec{GrantRequest: api.GrantRequest{TokenSet: "user"}}},
		"both ways":                  {flags: sourceFlags{subjectPath: "/a", subjectCommand: []string{"b"}}, wrong: true},
		"a type of nothing":          {flags: sourceFlags{subjectType: "jwt"}, wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			var spec api.ConnectionSpec
			changed, err := test.flags.settings(&spec)
			if (err != nil) != test.wrong || !reflect.DeepEqual(spec, test.want) || changed == reflect.DeepEqual(test.want, api.ConnectionSpec{}) && !test.wrong {
				t.Errorf("%v %v %+v", changed, err, spec)
			}
		})
	}
}
