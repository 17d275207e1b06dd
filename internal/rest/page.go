package rest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// pageQuery are the query parameters of a list.
type pageQuery struct {
	Limit  int    `query:"limit" description:"How many at most, 1 to 1000; default 100." minimum:"1" maximum:"1000"`
	Cursor string `query:"cursor" description:"Where to go on: next_cursor of the page before."`
}

// listPage is one page of a list as it was asked for.
type listPage struct {
	after string // what the cursor holds: the last name before the page
	limit int
}

func pageOf(r *http.Request) (listPage, error) {
	query := r.URL.Query()
	page := listPage{limit: defaultLimit}
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			return page, fault.New(api.CodeInvalid, "limit is not a number from 1 to %d", maxLimit)
		}
		page.limit = limit
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
	if err != nil {
		return page, badCursor(err)
	}
	page.after = string(after)
	return page, nil
}

func badCursor(err error) error {
	return fault.Wrap(err, api.CodeInvalid, "the cursor is not one of ours").
		WithHint("take next_cursor from the page before, or leave cursor out to begin")
}

func cursor(after string) string { return base64.RawURLEncoding.EncodeToString([]byte(after)) }

// cut ends a list of more than a page at the limit, with the cursor of what follows.
func cut[T any](items []T, limit int, name func(T) string) (page []T, next string) {
	if len(items) <= limit {
		return items, ""
	}
	return items[:limit], cursor(name(items[limit-1]))
}

// window is the page of a list that comes in full, sorted by name.
func window[T any](items []T, page listPage, name func(T) string) ([]T, string) {
	start := 0
	for start < len(items) && page.after != "" && name(items[start]) <= page.after {
		start++
	}
	return cut(items[start:], page.limit, name)
}

// windowBehind is the page of a list that comes in full, in an order of its
// own: what stands behind the name in the cursor.
func windowBehind[T any](items []T, page listPage, name func(T) string) ([]T, string) {
	if page.after != "" {
		last := slices.IndexFunc(items, func(item T) bool { return name(item) == page.after })
		if last < 0 {
			return nil, "" // what the page before ended with is gone
		}
		items = items[last+1:]
	}
	return cut(items, page.limit, name)
}

// present is an empty list in place of none, so that JSON shows [].
func present[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
