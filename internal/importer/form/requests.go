package form

import (
	"strconv"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

// CommonOrigin is the [Origin] that most of the requests begin with.
func CommonOrigin(requests []Request, vars Variables) string {
	counts, best := make(map[string]int), ""
	for _, request := range requests {
		if origin := Origin(request.URL, vars); origin != "" {
			counts[origin]++
			if counts[origin] > counts[best] {
				best = origin
			}
		}
	}
	return best
}

// AddRequests adds requests to a provider, as AddRequest does, and notes how
// many it has no place for. A request without a URL is passed over.
func (b *Builder) AddRequests(provider, base string, requests []Request) {
	left := 0
	for _, request := range requests {
		if request.URL != "" && (provider == "" || !b.AddRequest(provider, base, request)) {
			left++
		}
	}
	if left == 0 {
		return
	}
	what := strconv.Itoa(left) + " requests"
	if left == 1 {
		what = "a request"
	}
	b.Draft.Add(draft.Note{Where: requests[0].Where, What: what, Why: "no provider of the draft has their address", Do: "call them through a connection: valetkey call NAME PATH"})
}
