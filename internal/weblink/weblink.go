package weblink

import (
	"net/http"
	"strings"
)

// Next is the target of the first link whose relation is next (RFC 8288 section
// 3.3), or empty when there is none.
func Next(header http.Header) string {
	for _, line := range header.Values("Link") {
		if target := next(line); target != "" {
			return target
		}
	}
	return ""
}

// next finds the target in one line, which may hold several links.
func next(line string) string {
	for {
		_, rest, found := strings.Cut(line, "<")
		if !found {
			return ""
		}
		target, rest, found := strings.Cut(rest, ">")
		if !found {
			return ""
		}
		params, following, more := strings.Cut(rest, "<")
		if relatesToNext(params) {
			return target
		}
		if !more {
			return ""
		}
		line = "<" + following
	}
}

func relatesToNext(params string) bool {
	for param := range strings.SplitSeq(strings.TrimRight(params, ", "), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for relation := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(relation, "next") {
				return true
			}
		}
	}
	return false
}
