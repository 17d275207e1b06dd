package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/valetkey/valetkey/api"
)

// Providers is the catalogue: what is built in, and the user's own. Its list
// holds the user's own in full, and summaries of the others; Get gives one in
// full.
type Providers struct {
	Collection[api.Provider, api.Provider]
}

// Search walks the providers that hold every word in their name, title or
// tags, the best match first.
func (p *Providers) Search(ctx context.Context, words string) iter.Seq2[api.Provider, error] {
	return pages[api.Provider](ctx, p.client, []string{"v1", p.noun}, p.noun, url.Values{"search": {words}})
}
