package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// The rule of this file: what README.md and docs/*.md tell a reader to type is
// typed here, by bash, as it stands, against the built binary.
//
//   - Every ```sh block of a page runs, in order, in one shell with an empty
//     data directory. A command must end with 0. Where the page's command needs
//     an account at a real provider, its expectation is in the table outcomes,
//     with the reason; wrong usage (2) is never among them.
//   - Replaced are only: the ports 8539 and 8540 by free ones; hosts under
//     example.com by the practice provider or the page's own server; the
//     secret, which the practice provider makes up at each start. A command
//     that serves (serve, sandbox) runs in the background, as in another
//     terminal, and the next one waits until it listens.
//   - A person sits at the browser: xdg-open hands the address to this test,
//     which logs in and consents at the practice provider. At a provider that
//     it has no account with, it looks at what was asked for and declines.
//   - ./test.sh is not run inside itself; demo gets --yes --once; what is
//     measured is measured once.
//   - Every ```yaml block is a file that apply takes, every ```go block
//     compiles, every link leads somewhere, every `valetkey …` in running text
//     or in a ```console block (shown, since it needs several machines) is a
//     command with those flags, every variable in a table is known.

// outcome is how a command ends that cannot end with 0 without an account.
type outcome struct {
	page   string
	prefix string
	codes  string
	why    string
}

func outcomes() []outcome {
	const (
		declined = "the person declines at the real provider: they have no account there"
		token    = "no consent was given, so there is no token"
		network  = "the id is nobody's: unreachable without a network, refused with one"
	)
	return []outcome{
		{"README.md", "valetkey connect mail --provider microsoft", "4", declined},
		{"README.md", "valetkey call mail", "4", token},
		{"README.md", "valetkey token mail", "4", token},
		{"README.md", "curl", "22", token},
		{"README.md", "valetkey connect bc", "8 5", network},
		{"README.md", "valetkey call bc", "8 5", network},
		{"docs/google.md", "valetkey connect calendar", "4", declined},
		{"docs/google.md", "valetkey call calendar", "4", token},
		{"docs/business-central.md", "valetkey connect bc", "8 5", network},
		{"docs/business-central.md", "valetkey call bc", "8 5", network},
	}
}

// pages are README.md and everything in docs/, by name.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../docs/*.md")
	if err != nil || len(found) < 5 {
		t.Fatalf("%v: %v", found, err)
	}
	names := []string{"README.md"}
	for _, path := range found {
		names = append(names, "docs/"+filepath.Base(path))
	}
	return names
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var fenced = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// blocks gives the contents of a page's fenced blocks in a language.
func blocks(text, language string) []string {
	var found []string
	for _, match := range fenced.FindAllStringSubmatch(text, -1) {
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	return found
}

// commands gives the commands of a page's sh blocks; one that goes on over a
// backslash is one command.
func commands(text string) []string {
	var found []string
	for _, block := range blocks(text, "sh") {
		joined := strings.ReplaceAll(block, "\\\n", "")
		for line := range strings.Lines(joined) {
			if line = strings.TrimSpace(line); line != "" {
				found = append(found, line)
			}
		}
	}
	return found
}

func TestEveryCommandOfTheDocumentationRuns(t *testing.T) {
	for _, name := range pages(t) {
		typed := commands(readPage(t, name))
		if len(typed) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r := newReader(t, name)
			switch name {
			case "docs/calling.md", "docs/unattended.md": // they begin where that page ends
				r.types(commands(readPage(t, "docs/first-connection.md"))[:3])
			}
			r.types(typed)
			r.play()
		})
	}
}

func TestTheREADMEPromisesOneCommandThatNeedsNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it takes its 15 seconds")
	}
	cmd := exec.Command("go", "run", "./cmd/valetkey", "demo", "--yes", "--once")
	cmd.Dir = ".."
	cmd.Env = append(cleanEnviron(), "CGO_ENABLED=0", "VALETKEY_LISTEN=127.0.0.1:0", "XDG_DATA_HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, step := range []string{"Register", "Authorize", "expire", "start it again"} {
		if !strings.Contains(string(out), step) {
			t.Errorf("the practice run says nothing of %q:\n%s", step, out)
		}
	}
	if text := readPage(t, "README.md"); len(strings.Fields(text)) > 650 {
		t.Errorf("README.md has %d words: more than three minutes", len(strings.Fields(text)))
	}
}

func TestEveryYAMLOfTheDocumentationApplies(t *testing.T) {
	for _, name := range pages(t) {
		for _, block := range blocks(readPage(t, name), "yaml") {
			file := filepath.Join(t.TempDir(), "page.yaml")
			if err := os.WriteFile(file, []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			r := run(t, []string{"VALETKEY_DATA=" + t.TempDir(), "CONTOSO_SECRET=x"}, "apply", "-f", file, "--dry-run")
			if r.code != 0 || strings.Contains(r.stdout, "0 to create") {
				t.Errorf("%s: exit code %d\n%s%s", name, r.code, r.stdout, r.stderr)
			}
		}
	}
}

var keyColumn = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|")

func TestEveryKeyOfTheProviderTableIsKnown(t *testing.T) {
	var keys []string
	for _, cell := range keyColumn.FindAllStringSubmatch(readPage(t, "docs/providers.md"), -1) {
		for key := range strings.SplitSeq(cell[1], ",") {
			key, _, _ = strings.Cut(strings.Trim(key, " `"), ".")
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) < 20 {
		t.Fatalf("the tables were not found: %q", keys)
	}
	for _, key := range append(keys, "no_such_key") {
		file := filepath.Join(t.TempDir(), "p.yaml")
		if err := os.WriteFile(file, fmt.Appendf(nil, "providers: {contoso: {%s: [[]]}}\n", key), 0o600); err != nil {
			t.Fatal(err)
		}
		r := run(t, []string{"VALETKEY_DATA=" + t.TempDir()}, "apply", "-f", file, "--dry-run")
		unknown := strings.Contains(r.stderr, "unknown key")
		if unknown != (key == "no_such_key") {
			t.Errorf("%s: exit code %d\n%s", key, r.code, r.stderr)
		}
	}
}

func TestEveryKeyOfAProviderIsDocumented(t *testing.T) {
	text := readPage(t, "docs/providers.md")
	for _, path := range jsonKeys(reflect.TypeFor[api.Provider](), "") {
		key := path[strings.LastIndex(path, ".")+1:]
		if path == "name" || path == "built_in" { // set by its place, not in the document
			continue
		}
		if !strings.Contains(text, "`"+key+"`") && !strings.Contains(text, "."+key+"`") {
			t.Errorf("docs/providers.md does not name the key %s", path)
		}
	}
}

// jsonKeys gives the paths of every key that a document of the type may have.
func jsonKeys(of reflect.Type, prefix string) []string {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			keys = append(keys, jsonKeys(field.Type, prefix)...)
		case name != "" && name != "-":
			keys = append(append(keys, prefix+name), jsonKeys(field.Type, prefix+name+".")...)
		}
	}
	return keys
}

var (
	inline = regexp.MustCompile("`(valetkey [^`]+)`")
	typed  = regexp.MustCompile(`(?m)^\$ (valetkey [^>|&#\n]+)`)
)

func TestEveryCommandInRunningTextHasThoseFlags(t *testing.T) {
	env := []string{"VALETKEY_DATA=" + t.TempDir()}
	checked := 0
	for _, name := range pages(t) {
		text := readPage(t, name)
		shown := typed.FindAllStringSubmatch(strings.Join(blocks(text, "console"), ""), -1)
		text = fenced.ReplaceAllString(text, "")
		for _, match := range append(shown, inline.FindAllStringSubmatch(text, -1)...) {
			words := strings.Fields(strings.NewReplacer("COMMAND", "call", "valetkey.sock", "").Replace(match[1]))[1:]
			if len(words) == 0 {
				continue
			}
			r := run(t, env, append(words, "--help")...) // flags are parsed before help is shown
			if r.code != 0 || !strings.Contains(r.stdout, "Usage:") || strings.Contains(r.stdout, "Start here:") && words[0] != "help" {
				t.Errorf("%s: %s: exit code %d\n%s", name, match[1], r.code, r.stderr)
			}
			checked++
		}
	}
	if checked < 5 {
		t.Errorf("only %d commands were found in running text", checked)
	}
}

var variable = regexp.MustCompile("(?m)^\\| `(VALETKEY_\\w+)` \\| `(?:(\\w+) )?(--[\\w-]+)`")

func TestEverySettingOfTheTableIsInTheHelp(t *testing.T) {
	found := variable.FindAllStringSubmatch(readPage(t, "docs/unattended.md"), -1)
	if len(found) < 6 {
		t.Fatalf("the table was not found: %q", found)
	}
	for _, setting := range found {
		help := run(t, nil, strings.Fields(setting[2]+" --help")...).stdout
		if setting[2] == "" {
			help = run(t, nil, "show", "--help").stdout
		}
		if !strings.Contains(help, setting[1]) || !strings.Contains(help, setting[3]) {
			t.Errorf("%s and %s are not both in the help", setting[1], setting[3])
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestEveryLinkOfTheDocumentationLeadsSomewhere(t *testing.T) {
	more, err := filepath.Glob("../docs/adr/*.md")
	if err != nil {
		t.Fatal(err)
	}
	all := pages(t)
	for _, path := range more {
		all = append(all, "docs/adr/"+filepath.Base(path))
	}
	linked := map[string]bool{}
	for _, name := range all {
		if strings.Contains(readPage(t, name), "\n<<<<<<<") {
			t.Errorf("%s holds an unfinished merge", name)
		}
		for _, match := range link.FindAllStringSubmatch(readPage(t, name), -1) {
			target, err := url.Parse(match[1])
			if err != nil || target.IsAbs() || target.Path == "" {
				continue
			}
			path := filepath.Join("..", filepath.Dir(name), target.Path)
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s, which is not there", name, match[1])
			}
			linked[path] = true
		}
	}
	for _, name := range pages(t)[1:] {
		if !linked[filepath.Join("..", name)] {
			t.Errorf("no page links to %s", name)
		}
	}
}

func TestTheIndexOfTheDocumentationHasEveryPage(t *testing.T) {
	index := readPage(t, "docs/README.md")
	for _, name := range pages(t)[1:] {
		if at := "(" + strings.TrimPrefix(name, "docs/") + ")"; name != "docs/README.md" && !strings.Contains(index, at) {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

var seen = regexp.MustCompile(`(?m)^\| \*([^*|]+)\* \|`)

func TestEveryMessageThatAPageExplainsIsOneThatIsGiven(t *testing.T) {
	var source strings.Builder
	err := filepath.WalkDir("../internal", func(path string, entry os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		source.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	explained := 0
	for _, name := range pages(t) {
		for _, message := range seen.FindAllStringSubmatch(readPage(t, name), -1) {
			if !strings.Contains(source.String(), message[1]) {
				t.Errorf("%s explains %q, which is said nowhere", name, message[1])
			}
			explained++
		}
	}
	if explained < 3 {
		t.Errorf("only %d messages were found", explained)
	}
}

var declared = regexp.MustCompile(`(?m)^(\w+)(?:, (\w+))? :=`)

func TestEveryGoBlockOfTheDocumentationCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs the compiler")
	}
	for _, name := range pages(t) {
		for _, block := range blocks(readPage(t, name), "go") {
			var use strings.Builder
			for _, names := range declared.FindAllStringSubmatch(block, -1) {
				for _, name := range names[1:] {
					if name != "" && name != "_" {
						fmt.Fprintf(&use, "\t_ = %s\n", name)
					}
				}
			}
			source := "package page\n\nimport (\n\t\"context\"\n\t\"github.com/valetkey/valetkey/client\"\n" +
				"\t\"github.com/valetkey/valetkey/client/oauth2source\"\n)\n\nvar _ = oauth2source.New\n\n" +
				"func Page(ctx context.Context) {\n" + block + use.String() + "}\n"
			compile(t, name, source)
		}
	}
}

// compile builds source as a package of this module without writing into it.
func compile(t *testing.T, name, source string) {
	t.Helper()
	dir := t.TempDir()
	file, overlay := filepath.Join(dir, "page.go"), filepath.Join(dir, "overlay.json")
	at, err := filepath.Abs("page/page.go")
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {at: file}})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{file: source, overlay: string(replace)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", os.DevNull, "./page")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", name, err, out, source)
	}
}

func TestTheOutcomesTableNamesCommandsThatAreThere(t *testing.T) {
	for _, o := range outcomes() {
		typed := commands(readPage(t, o.page))
		if !slices.ContainsFunc(typed, func(c string) bool { return strings.HasPrefix(c, o.prefix) }) {
			t.Errorf("%s has no command %q any more (%s)", o.page, o.prefix, o.why)
		}
		if slices.Contains(strings.Fields(o.codes), "2") {
			t.Errorf("%s: wrong usage is no outcome", o.prefix)
		}
	}
}
