package operate

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/strictyaml"
)

// callersOwn are variables of commands that talk to a server, not of serve:
// anybody's and an agent's.
const callersOwn = " VALETKEY_URL VALETKEY_KEY VALETKEY_AGENT_TOKEN VALETKEY_AGENT_ALLOW VALETKEY_AGENT_CA "

func TestEveryVariableOfAServerIsAKeyOfItsFile(t *testing.T) {
	keys := map[string]bool{}
	for _, field := range strictyaml.Fields(reflect.TypeFor[serveFile]()) {
		keys[field.Name] = true
	}
	read := regexp.MustCompile(`"VALETKEY_([A-Z_]+)"`)
	found := 0
	for _, pattern := range []string{"*.go", "../prompt/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range read.FindAllStringSubmatch(string(text), -1) {
				key := strings.ToLower(match[1])
				if strings.HasSuffix(path, "_test.go") || strings.Contains(callersOwn, " VALETKEY_"+match[1]+" ") {
					continue
				}
				found++
				if !keys[key] {
					t.Errorf("%s reads VALETKEY_%s, and --config has no key %s", path, match[1], key)
				}
				if !strings.Contains(serveHelp, strings.TrimSuffix(key, "_secret")) {
					t.Errorf("serve --help does not name %s", key)
				}
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d variables were found", found)
	}
}

func TestAVariableGoesBeforeTheFile(t *testing.T) {
	file := serveFile{Sweep: "off", storage: storage{Database: "postgres://file", DatabaseFile: "/file"}}
	for _, test := range []struct {
		env        map[string]string
		name, want string
	}{
		{nil, "VALETKEY_SWEEP", "off"},
		{map[string]string{"VALETKEY_SWEEP": "1,1"}, "VALETKEY_SWEEP", "1,1"},
		{nil, "VALETKEY_DATABASE", "postgres://file"},
		{nil, "VALETKEY_DATABASE_FILE", "/file"},
		{map[string]string{"VALETKEY_DATABASE_FILE": "/env"}, "VALETKEY_DATABASE", ""},
		{map[string]string{"HOME": "/root"}, "HOME", "/root"},
		{nil, "SWEEP", ""},
	} {
		getenv, err := file.under(func(name string) string { return test.env[name] })
		if err != nil {
			t.Fatal(err)
		}
		if got := getenv(test.name); got != test.want {
			t.Errorf("%v %s: %q, not %q", test.env, test.name, got, test.want)
		}
	}
}
