package catalog

import (
	"net/http"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

// refusal checks what marks a token answer that refuses the grant.
func (c *checker) refusal(key string, e *oauth.AuthError) {
	if e == nil {
		return
	}
	c.answerRule(key, api.AnswerRule{Statuses: e.Statuses, Path: e.Path, Values: e.Values})
	if len(e.Statuses) == 0 && e.Path == "" {
		c.wrong(key, "it names neither a status nor a path")
	}
	if slices.Contains(e.Statuses, http.StatusOK) && e.Path == "" {
		c.wrong(key, "every answer that brings a token would be a refusal: it needs a path")
	}
}
