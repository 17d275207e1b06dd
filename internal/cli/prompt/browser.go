package prompt

import (
	"io"

	"github.com/cli/browser"
)

// openBrowser opens a page in the person's browser. What the opener prints is
// of no use to anybody.
func openBrowser(url string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return browser.OpenURL(url)
}
