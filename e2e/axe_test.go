package e2e

import (
	"fmt"
	"os"
	"strings"

	"github.com/chromedp/chromedp"
)

// axeFile is the accessibility scanner, which ./test.sh installs beside the
// authorization server.
const axeFile = "oidc-provider/node_modules/axe-core/axe.min.js"

// What axe judges a page by: every rule of WCAG 2.2 AA and axe's own advice, or
// the rules whose verdict may change with the theme and the width.
const (
	everyRule = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	looksOnly = `{type: "rule", values: ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]}`
)

// scan lists what is wrong with the elements it is wrong with.
const scan = `axe.run(document, {
	resultTypes: ["violations"], preload: false, runOnly: %s, rules: {"target-size": {enabled: true}},
}).then((found) => found.violations.map((v) =>
	v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" and ")))`

// barriers is what the scanner finds on the page that is open. The driver
// brings it in, so the page's policy does not have to allow it.
func (c *chromium) barriers(rules string) []string {
	c.t.Helper()
	if !evaluate[bool](c, `typeof axe === "object"`) {
		source, err := os.ReadFile(axeFile)
		if err != nil {
			c.t.Fatalf("%v: run ./test.sh once: it installs it", err)
		}
		evaluate[bool](c, strings.TrimSuffix(string(source), ";")+"; true")
	}
	found, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(scan, rules), chromedp.EvalAwaitPromise))
	if err != nil {
		c.t.Fatalf("scan %s: %v", c.address(), err)
	}
	return found
}
