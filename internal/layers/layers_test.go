package layers

import (
	"slices"
	"strings"
	"testing"
)

// free marks packages that hold only tests, and may import anything.
const free = 99

// layerOf gives each package its layer: it may import strictly lower ones.
// Tens are the layers of the architecture's table; units order what one layer
// holds. oauth, with the reader it uses, stands lowest because its rules are
// the vocabulary in which api describes a provider, and fault stands on api for
// its error codes.
// A name that ends in /... covers the packages below it.
func layerOf() map[string]int {
	return map[string]int{
		"oauth/challenge":  -1,
		"oauth/lenient":    -1,
		"oauth/signature":  -1,
		"oauth":            0,
		"internal/sandbox": 0,

		"internal/store/pgtest": 0,

		"api":            1,
		"internal/fault": 2,

		"oauth/assertion":     10,
		"oauth/device":        10,
		"oauth/dpop":          10,
		"oauth/pushed":        10,
		"oauth/introspection": 10,
		"oauth/register":      10,
		"oauth/resource":      10,
		"oauth/idtoken":       10,

		"internal/weblink":    9,
		"client":              10,
		"client/oauth2source": 11,
		"internal/secret":     10,
		"internal/egress":     10,
		"internal/egress/h1":  9,
		"internal/lifetime":   8,
		"internal/tunnel":     10,
		"internal/strictyaml": 10,
		"internal/console":    11,

		"internal/catalog": 20, "internal/discovery": 20, "internal/remedy": 20, "internal/target": 21, "internal/account": 20, "internal/backoff": 20, "internal/recall": 20, "internal/process": 20, "internal/skew": 20,
		"internal/access":    20,
		"internal/tokendir":  20,
		"internal/onbehalf":  21,
		"internal/answer":    20,
		"internal/operation": 24,
		"internal/quirk":     25,

		"internal/kms":               12,
		"internal/ledger":            22,
		"internal/keyring":           24,
		"internal/agent":             25,
		"internal/audit":             24,
		"internal/clientauth":        23,
		"internal/arrangement":       27,
		"internal/authorize":         28,
		"internal/registration":      28,
		"internal/broker":            30,
		"internal/broker/brokertest": 31,
		"internal/sweeper":           31,
		"internal/spill":             35,
		"internal/importer/draft":    28, "internal/importer/form": 29, "internal/importer/known": 29, "internal/importer/...": 30, "internal/importer/powerplatform": 31,
		"internal/manifest": 30,
		"internal/desired":  31,
		"internal/schema":   20,
		"internal/watch":    32,
		"internal/heap":     10,
		"internal/link":     30, "internal/link/linktest": 31,

		"internal/store/outage": 39, "internal/store/group": 39, "internal/store/prepared": 38, "internal/store/clause": 38, "internal/store/column": 38, "internal/store/migration": 38, "internal/store/memory": 31, "internal/store/search": 39, "internal/store": 40, "internal/store/custody": 41, "internal/store/agents": 41, "internal/backup": 42,
		"internal/call":   40,
		"internal/doctor": 40,

		"internal/traffic": 42,
		"internal/trial":   43,

		"internal/web/chart": 44, "internal/web/fragment": 44, "internal/web/page": 45, "internal/web/session": 46, "internal/web/shelf": 47, "internal/web/console": 48, "internal/web/link": 48, "internal/web/agent": 48, "internal/web/wizard": 49,

		"internal/intake": 45,

		"internal/proxy": 50,
		"internal/rest":  50, "internal/rest/reference": 45,
		"internal/web": 50,

		"internal/front": 59,
		"internal/app":   60,
		"internal/demo":  70,
		"internal/reach": 70,

		"internal/cli/prompt":     71,
		"internal/cli/connection": 72,
		"internal/cli/arrange":    73,
		"internal/cli/operate":    73,
		"internal/cli":            74,
		"cmd/valetkey":            75,

		"internal/layers": free,
		"internal/proof":  free,
		"e2e":             free,
	}
}

// layer finds a package's layer, by its own name or by a parent's pattern.
func layer(table map[string]int, name string) (int, bool) {
	if n, ok := table[name]; ok {
		return n, true
	}
	for pattern, n := range table {
		parent, isPattern := strings.CutSuffix(pattern, "/...")
		if isPattern && (name == parent || strings.HasPrefix(name, parent+"/")) {
			return n, true
		}
	}
	return 0, false
}

func TestImportsRunDownwardsOnly(t *testing.T) {
	table := layerOf()
	for _, pkg := range modulePackages(t) {
		name := room(pkg.ImportPath)
		own, ok := layer(table, name)
		if !ok {
			t.Errorf("%s has no layer: decide where it belongs and add it to layerOf", name)
			continue
		}
		for _, imported := range pkg.Imports {
			if !ours(imported) {
				continue
			}
			other, ok := layer(table, room(imported))
			if ok && other >= own {
				t.Errorf("%s (layer %d) imports %s (layer %d): imports run downwards only", name, own, room(imported), other)
			}
		}
	}
}

// ban forbids packages something that their layer alone would allow.
type ban struct {
	rooms   []string // packages it binds; "*" binds all; names end in /... as in layerOf
	except  []string
	imports []string // ours by short name, others by import path; x/... covers what is below
	deep    bool     // also through other packages
	reason  string
}

func bans() []ban {
	return []ban{
		{
			rooms: []string{"internal/tunnel"}, deep: true,
			imports: []string{"internal/broker", "internal/store", "internal/access", "internal/secret", "internal/catalog"},
			reason:  "the agent stays small and ignorant: it never holds keys, connections or providers",
		},
		{
			rooms: []string{"oauth/..."}, deep: true,
			imports: []string{"internal/..."},
			reason:  "the protocol core is public and pure: standard library and JOSE only",
		},
		{
			rooms:   []string{"oauth/..."},
			imports: []string{"database/sql", "os", "math/rand", "math/rand/v2"},
			reason:  "the protocol core builds requests and judges responses; it has no store, files or weak randomness",
		},
		{
			rooms: []string{"api"}, deep: true,
			imports: []string{"internal/...", "client"},
			reason:  "the wire types are plain values that any program may import",
		},
		{
			rooms: []string{"client/..."}, deep: true,
			imports: []string{"internal/secret", "internal/egress", "internal/tunnel", "internal/strictyaml"},
			reason:  "the SDK is api over HTTP and drags nothing of the server into a caller's program",
		},
		{
			rooms: []string{"internal/sandbox"}, deep: true,
			imports: []string{"oauth", "api", "client", "internal/fault"},
			reason:  "the practice provider shares no code with what it tests",
		},
		{
			rooms: []string{"*"}, except: []string{"internal/store", "internal/store/custody", "internal/store/outage", "internal/store/group", "internal/store/prepared", "internal/store/column", "internal/store/migration"},
			imports: []string{"database/sql", "database/sql/driver", "github.com/ncruces/...", "github.com/pressly/goose/..."},
			reason:  "SQL lives in store",
		},
		{
			rooms:   []string{"internal/broker", "internal/catalog", "internal/access"},
			imports: []string{"net/http/httptest", "net", "os", "html/template"},
			reason:  "the domain is handed network and files; it opens none itself",
		},
		{
			rooms:   []string{"internal/importer/..."},
			imports: []string{"os", "net", "net/http"},
			reason:  "importers are pure: bytes in, drafts and notes out",
		},
		{
			rooms:   []string{"internal/rest", "internal/web", "internal/web/...", "internal/proxy"},
			imports: []string{"internal/store", "internal/egress", "os"},
			reason:  "handlers parse, call the domain and render; they reach no database and no network of their own",
		},
		{
			rooms: []string{"internal/cli/...", "internal/demo"},
			imports: []string{
				"internal/store", "internal/broker", "internal/call", "internal/rest", "internal/web", "internal/proxy",
			},
			reason: "the command line and its demo do everything through the REST API, so nothing works in one way only",
		},
		{
			rooms: []string{"*"}, except: []string{"client/oauth2source"},
			imports: []string{"golang.org/x/oauth2/..."},
			reason:  "it may send a code twice and hides rotated refresh tokens; the adapter is for callers who use it already",
		},
		{
			rooms: []string{"*"}, except: []string{"internal/secret"},
			imports: []string{"github.com/tink-crypto/..."},
			reason:  "one place seals and opens",
		},
		{
			rooms: []string{"*"}, except: []string{"internal/cli/...", "internal/console", "cmd/valetkey"},
			imports: []string{"github.com/spf13/cobra", "github.com/cli/browser", "golang.org/x/term"},
			reason:  "only the command line knows that it is one",
		},
		{
			rooms:   []string{"*"},
			imports: []string{"github.com/chromedp/...", "github.com/rogpeppe/go-internal/...", "internal/broker/brokertest", "internal/link/linktest", "internal/store/memory", "internal/store/pgtest", "testing"},
			except:  []string{"internal/broker/brokertest", "internal/link/linktest", "internal/store/memory", "internal/store/pgtest"},
			reason:  "test tools stay out of the binary",
		},
	}
}

// matches tells whether a package's name is one of the patterns.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		parent, below := strings.CutSuffix(pattern, "/...")
		return pattern == "*" || pattern == name || below && (name == parent || strings.HasPrefix(name, parent+"/"))
	})
}

func (b ban) binds(name string) bool {
	return matches(b.rooms, name) && !matches(b.except, name)
}

// forbids judges an import path. The standard library has an internal/ of its
// own, which our patterns do not mean.
func (b ban) forbids(imported string) bool {
	if !ours(imported) && strings.HasPrefix(imported, "internal/") {
		return false
	}
	return matches(b.imports, room(imported))
}

func TestBannedImports(t *testing.T) {
	for _, pkg := range modulePackages(t) {
		for _, rule := range bans() {
			if !rule.binds(room(pkg.ImportPath)) {
				continue
			}
			imports := pkg.Imports
			if rule.deep {
				imports = pkg.Deps
			}
			for _, imported := range imports {
				if rule.forbids(imported) {
					t.Errorf("%s reaches %s: %s", room(pkg.ImportPath), room(imported), rule.reason)
				}
			}
		}
	}
}

func TestThePublicCoreAndTheSandboxNeedNoLibrary(t *testing.T) {
	for _, pkg := range modulePackages(t) {
		if !matches([]string{"internal/sandbox", "api", "oauth", "client"}, room(pkg.ImportPath)) {
			continue
		}
		for _, imported := range pkg.Imports {
			host, _, _ := strings.Cut(imported, "/")
			if strings.Contains(host, ".") && !ours(imported) {
				t.Errorf("%s imports %s: it is standard library only", room(pkg.ImportPath), imported)
			}
		}
	}
}

func TestRulesBiteOnWhatTheyForbid(t *testing.T) {
	sql := ban{rooms: []string{"*"}, except: []string{"internal/store"}, imports: []string{"database/sql", "github.com/ncruces/..."}}
	for name, want := range map[string]bool{"internal/store": false, "internal/broker": true} {
		if sql.binds(name) != want {
			t.Errorf("the ban binds %s: %v, want %v", name, !want, want)
		}
	}
	for imported, want := range map[string]bool{
		"database/sql": true, "github.com/ncruces/go-sqlite3/driver": true, "github.com/ncrucesx": false,
	} {
		if sql.forbids(imported) != want {
			t.Errorf("%s is banned: %v, want %v", imported, !want, want)
		}
	}
	if n, ok := layer(layerOf(), "internal/importer/postman"); !ok || n != 30 {
		t.Errorf("internal/importer/postman is on layer %d (known: %v), want 30", n, ok)
	}
	if _, ok := layer(layerOf(), "internal/unheard"); ok {
		t.Error("a package nobody placed has a layer")
	}
}
