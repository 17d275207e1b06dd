package console

import (
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
)

// testView is how a test went, leg by leg.
type testView struct {
	At     time.Time
	Legs   []api.Leg
	Answer *Answer
}

// test obtains a token and sends the harmless request that is known for the API.
func (c *Console) test(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	view := c.tested(r, name)
	return c.back(w, linkTo(name)+"?shown="+c.shelf.Put(r, view)+"#test")
}

func (c *Console) tested(r *http.Request, name string) testView {
	view := testView{At: c.Now()}
	leg := func(name string, ok bool, detail string) {
		view.Legs = append(view.Legs, api.Leg{Leg: name, OK: ok, Detail: detail})
	}
	credential, err := c.Grants.Credential(r.Context(), name)
	if err != nil {
		leg("token", false, page.Sentences(fault.As(err)))
		return view
	}
	leg("token", true, c.Pages.Word("test.token"))
	target := credential.Target
	if target.TestPath == "" {
		leg("request", false, c.Pages.Word("test.none"))
		return view
	}
	begun := c.Now()
	response, err := c.Calls.Do(r.Context(), name, call.Request{Method: target.TestMethod, Path: target.TestPath})
	if err != nil {
		leg("request", false, page.Sentences(fault.As(err)))
		return view
	}
	defer response.Body.Close()
	answer := viewOf(response, begun, c.Now())
	view.Answer = &answer
	method := target.TestMethod
	if method == "" {
		method = http.MethodGet
	}
	leg("request", answer.Status < http.StatusBadRequest, c.Pages.Word("test.answered", method, target.TestPath, answer.Status, answer.Title))
	return view
}
