package e2e

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// artifacts is where screenshots go; git ignores it.
const artifacts = "../test-artifacts"

// chromium is a tab of a real browser with a fresh profile. It keeps whatever
// the browser complained about and whatever our pages asked for.
type chromium struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	requests   []pageRequest
}

// pageRequest is one request, and the page that made it.
type pageRequest struct{ page, url string }

func startChromium(t *testing.T) *chromium {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: it starts a browser")
	}
	options := chromedp.DefaultExecAllocatorOptions[:]
	for _, name := range []string{"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(name, true))
	}
	path := slices.IndexFunc([]string{"chromium", "chromium-browser", "google-chrome"}, installed)
	if path < 0 {
		t.Fatal("there is no Chromium: run ./test.sh once: it installs it")
	}
	options = append(options, chromedp.ExecPath([]string{"chromium", "chromium-browser", "google-chrome"}[path]), chromedp.UserDataDir(filepath.Join(t.TempDir(), "profile")))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	c := &chromium{t: t, ctx: tab}
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	if err := chromedp.Listen(tab, c.hear); err != nil {
		t.Fatal(err)
	}
	return c
}

func installed(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// hear keeps what the browser says. It must not block.
func (c *chromium) hear(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		c.requests = append(c.requests, pageRequest{e.DocumentURL, e.Request.URL})
	case *runtime.EventExceptionThrown:
		c.complaints = append(c.complaints, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		c.complaints = append(c.complaints, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		c.complaints = append(c.complaints, string(e.Entry.Source)+": "+e.Entry.Text+" "+e.Entry.URL)
	}
}

// do runs actions, each of which must be done in time.
func (c *chromium) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		c.t.Fatalf("%s: %v (at %s)", what, err, c.address())
	}
}

func (c *chromium) opens(address string) {
	c.t.Helper()
	c.do("open "+address, chromedp.Navigate(address))
}

// submits fills in fields by name, presses a button and waits for the next page.
// A script presses it: on a busy machine a page may still move under the mouse.
func (c *chromium) submits(button string, fields map[string]string) {
	c.t.Helper()
	for name, value := range fields {
		c.do("type into "+name, chromedp.SendKeys(chromedp.CSS(`input[name="`+name+`"]`), value))
	}
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.WaitReady(chromedp.CSS(button)), chromedp.Evaluate[chromedp.Void](`document.querySelector(`+strconv.Quote(button)+`).click()`)); err != nil {
		c.t.Fatalf("press %s: %v (at %s)", button, err, c.address())
	}
}

func (c *chromium) address() string {
	address, _ := chromedp.Run(c.ctx, chromedp.Location())
	return address
}

func evaluate[T any](c *chromium, script string) T {
	c.t.Helper()
	value, err := chromedp.Run(c.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		c.t.Fatalf("%v in %s", err, script)
	}
	return value
}

// dims sets the window's width and the person's preference of light or dark.
func (c *chromium) dims(width int64, scheme string) {
	c.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, media); err != nil {
		c.t.Fatal(err)
	}
	c.do("resize", chromedp.EmulateViewport(width, 900))
}

// shoots keeps a picture of the whole page.
func (c *chromium) shoots(name string) {
	c.t.Helper()
	picture, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.MkdirAll(artifacts, 0o750); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(artifacts, name+".png"), picture, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// strangers are the requests that a page of the origin made to another one.
func (c *chromium) strangers(origin string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for _, r := range c.requests {
		if originOf(r.page) == origin && originOf(r.url) != origin && r.page != r.url {
			found = append(found, r.url+" from "+r.page)
		}
	}
	return found
}

// complained gives what the browser said since the last call, without the line
// that it writes for every page whose status is 400 or above, and without its
// word that the test was faster in typing than a page in taking the focus.
func (c *chromium) complained() []string {
	at := c.address()
	c.mu.Lock()
	defer c.mu.Unlock()
	said := slices.DeleteFunc(c.complaints, func(s string) bool {
		return strings.HasPrefix(s, "network: ") && strings.HasSuffix(s, " "+at) ||
			strings.HasPrefix(s, "rendering: Autofocus processing was blocked because a document already has a focused element.")
	})
	c.complaints = nil
	return said
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
