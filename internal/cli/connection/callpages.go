package connection

import (
	"bytes"
	"context"
	"io"

	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// pagePrinter prints the pages of one connection's API, body after body.
type pagePrinter struct {
	connection string
	head       io.Writer // for status and headers; nil: bodies alone
	body       io.Writer
	shown      func(int) // how many pages there are so far; -1 at the end
}

// all prints a page and those that follow. The error of an answer of 400 or
// above comes after its body.
func (pr pagePrinter) all(ctx context.Context, s *prompt.Session, r client.CallRequest) error {
	defer pr.shown(-1)
	count := 0
	for page, err := range s.Pages(ctx, pr.connection, r) {
		count++
		pr.shown(count)
		if err != nil {
			return err
		}
		if err := pr.print(page); err != nil {
			return err
		}
		if err := callOutcome(pr.connection, page.Status, page.Header); err != nil {
			return err
		}
	}
	return nil
}

func (pr pagePrinter) print(page client.Page) error {
	if pr.head != nil {
		if err := writeHead(pr.head, page.Status, page.Header); err != nil {
			return err
		}
	}
	_, err := pr.body.Write(append(bytes.TrimRight(page.Body, "\n"), '\n'))
	return err
}
