package console

import (
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/trial"
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
	tried := trial.Trial{Grants: grantsOf{c.Grants, c.Connections}, Calls: c.Calls, Name: name, MayForce: true}.Run(r.Context())
	for _, leg := range tried.Legs {
		leg.Detail = page.Sentences(&fault.Error{Message: leg.Detail, Hint: leg.Hint})
		view.Legs = append(view.Legs, leg)
	}
	if tried.Answer != nil {
		defer tried.Answer.Body.Close()
		answer := viewOf(tried.Answer, view.At, c.Now())
		view.Answer = &answer
	}
	return view
}

// grantsOf is what a test needs of connections.
type grantsOf struct {
	Grants
	Connections
}
