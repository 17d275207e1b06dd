package layers

import (
	"go/ast"
	"path"
	"strconv"
	"strings"
	"testing"
)

// reach keeps names of an imported package to a few of our own packages.
type reach struct {
	imported string
	names    []string
	only     []string // our packages that may use them; none: nobody may
	inside   []string // our packages it binds; empty: all
	except   string   // a text on the same or the next line that makes an exception; none: no exception
	reason   string
}

func reaches() []reach {
	dialers := []string{"internal/egress", "client"}
	return []reach{
		{
			imported: "net/http",
			names:    []string{"DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"},
			only:     dialers,
			reason:   "outgoing requests pass the guard in egress",
		},
		{
			imported: "net",
			names: []string{
				"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix",
				"Dialer", "DefaultResolver", "LookupHost", "LookupIP", "LookupAddr",
			},
			only:   dialers,
			except: `"unix"`, // the server's own socket never leaves the machine
			reason: "egress is the only dialer",
		},
		{
			imported: "crypto/tls",
			names:    []string{"Dial", "DialWithDialer", "Dialer"},
			only:     dialers,
			reason:   "egress is the only dialer",
		},
		{
			imported: "net/http",
			names: []string{
				"ResponseWriter", "Handler", "HandlerFunc", "Server", "ServeMux", "NewServeMux",
				"Handle", "HandleFunc", "ListenAndServe", "Serve", "Error", "Redirect",
			},
			inside: []string{"internal/broker", "oauth", "internal/catalog", "internal/access", "internal/call", "internal/store"},
			reason: "server types belong to proxy, rest and web",
		},
		{
			imported: "os",
			names:    []string{"Exit"},
			only:     []string{"cmd/valetkey"},
			reason:   "only main ends the process, so that Close always runs",
		},
		{
			imported: "context",
			names:    []string{"WithValue"},
			only:     []string{"internal/rest", "internal/web", "internal/web/page", "internal/web/session", "internal/proxy", "internal/access", "internal/store", "internal/broker", "internal/onbehalf", "internal/authorize"},
			reason:   "a context carries a request's identity, its deadline and the transaction it is part of, nothing else",
		},
	}
}

// localName is the name under which a file knows an imported package, or "".
func localName(file *ast.File, imported, base string) string {
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil || name != imported {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return base
	}
	return ""
}

func TestSomeNamesAreForSomePackagesOnly(t *testing.T) {
	all := moduleSources(t)
	for _, file := range all.files {
		if file.test || file.pkg == "internal/broker/brokertest" || file.pkg == "internal/store/memory" {
			continue
		}
		for _, rule := range reaches() {
			if rule.binds(file.pkg) {
				checkReach(t, all, file, rule)
			}
		}
	}
}

func (r reach) binds(pkg string) bool {
	return (len(r.inside) == 0 || matches(r.inside, pkg)) && !matches(r.only, pkg)
}

func checkReach(t *testing.T, all *sources, file sourceFile, rule reach) {
	t.Helper()
	base := path.Base(rule.imported)
	local := localName(file.ast, rule.imported, base)
	if local == "" {
		return
	}
	ast.Inspect(file.ast, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := selector.X.(*ast.Ident)
		named := ok && pkg.Name == local && matches(rule.names, selector.Sel.Name)
		if named && (rule.except == "" || !strings.Contains(all.around(file, selector.Pos()), rule.except)) {
			t.Errorf("%s: %s.%s: %s", all.at(file, selector.Pos()), base, selector.Sel.Name, rule.reason)
		}
		return true
	})
}
