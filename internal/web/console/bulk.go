package console

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

const (
	// maxBulk is how many connections of one page are acted upon while the
	// browser waits; maxAll how many of a whole list, in the background.
	maxBulk = pageSize
	maxAll  = 5000
	// atOnce is how many connections of a list are acted upon at a time. Each
	// provider's own limits are kept besides.
	atOnce = 8
	// bulkTime bounds the work on a list; bulkLife how long its page is there.
	bulkTime = 20 * time.Minute
	bulkLife = 30 * time.Minute
	// named is how many connections the page of the work names of each kind.
	named = 50
)

// bulkLink is what a bulk action did to one connection.
type bulkLink struct{ Name, Text string }

type bulkResult struct{ links, failed []bulkLink }

// bulk renews or makes links for the connections that were ticked, or for all
// that the list shows.
func (c *Console) bulk(w http.ResponseWriter, r *http.Request) error {
	action := r.PostFormValue("action")
	if !slices.Contains([]string{"refresh", "links", "ask"}, action) {
		return fault.New(api.CodeInvalid, "there is no such action")
	}
	if r.PostFormValue("all") == "1" {
		return c.bulkAll(w, r, action)
	}
	names := r.PostForm["name"]
	to := "/connections?" + readQuery(r.PostForm).values().Encode()
	if len(names) > maxBulk {
		return fault.New(api.CodeInvalid, "more than %d connections were chosen", maxBulk).
			WithHint("choose all that the list shows: that has no such limit")
	}
	var result bulkResult
	for _, name := range names {
		text, err := c.bulkOne(r.Context(), action, name)
		if errors.Is(err, r.Context().Err()) && err != nil {
			return err
		}
		if err != nil {
			result.failed = append(result.failed, bulkLink{name, fault.As(err).Message})
			continue
		}
		result.links = append(result.links, bulkLink{name, text})
	}
	return c.back(w, to+"&shown="+c.shelf.Put(r, result))
}

// bulkOne does to one connection what the form asks for. The text is a link,
// or empty.
func (c *Console) bulkOne(ctx context.Context, action, name string) (string, error) {
	switch action {
	case "refresh":
		_, err := c.Grants.Refresh(ctx, name)
		return "", err
	case "links":
		begun, err := c.Grants.Begin(ctx, name, api.AuthorizeRequest{})
		return begun.AuthorizationURL, err
	default:
		made, err := c.Links.Create(ctx, api.ConnectLinkSpec{Connection: name})
		return string(made.URL), err
	}
}

// work is an action on a whole list, in the background.
type work struct {
	Action string
	Total  int
	Cut    bool // the list is longer

	mu            sync.Mutex
	links, failed []bulkLink
	over          bool
}

// bulkAll begins the work on all that a list shows.
func (c *Console) bulkAll(w http.ResponseWriter, r *http.Request, action string) error {
	names, err := c.allNames(r.Context(), readQuery(r.PostForm))
	if err != nil {
		return err
	}
	job := &work{Action: action, Cut: len(names) > maxAll}
	names = names[:min(len(names), maxAll)]
	job.Total = len(names)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), bulkTime) // it goes on when the browser leaves
	go func() {
		defer cancel()
		c.act(ctx, job, names)
	}()
	return c.back(w, "/bulk/"+c.works.Put(r, job))
}

// allNames are the connections that a list shows on all its pages, and one more
// where there are too many. They are read before anything changes their order.
func (c *Console) allNames(ctx context.Context, q listQuery) ([]string, error) {
	var names []string
	for {
		filter, err := q.filter()
		if err != nil {
			return nil, err
		}
		filter.Limit = 500
		found, err := c.Connections.Connections(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			names = append(names, one.Name)
		}
		if len(found) < filter.Limit || len(names) > maxAll {
			return names, nil
		}
		last := found[len(found)-1]
		q.after, q.at = last.Name, orderedBy(q.Sort, last)
	}
}

// act does the work, some connections at a time.
func (c *Console) act(ctx context.Context, job *work, names []string) {
	next := make(chan string)
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for name := range next {
				text, err := c.bulkOne(ctx, job.Action, name)
				job.note(name, text, err)
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	group.Wait()
	job.mu.Lock()
	defer job.mu.Unlock()
	job.over = true
}

func (j *work) note(name, text string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.failed = append(j.failed, bulkLink{name, fault.As(err).Message})
		return
	}
	j.links = append(j.links, bulkLink{name, text})
}

// workPage is how far the work has come.
type workPage struct {
	Action        string
	ID, Version   string
	Total         int
	Good, Bad     int
	Cut, Over     bool
	Links, Failed []bulkLink // some of them
}

// Done is how many connections were acted upon.
func (p workPage) Done() int { return p.Good + p.Bad }

// Linked says that the action made addresses.
func (p workPage) Linked() bool { return p.Action != "refresh" }

func (j *work) page(id string) workPage {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := workPage{
		Action: j.Action, ID: id, Total: j.Total, Cut: j.Cut, Over: j.over, Good: len(j.links), Bad: len(j.failed),
		Failed: sorted(j.failed)[:min(len(j.failed), named)],
	}
	if p.Linked() && p.Over {
		p.Links = sorted(j.links)[:min(len(j.links), named)]
	}
	p.Version = fmt.Sprintf("%d.%v", p.Done(), p.Over)
	return p
}

func sorted(links []bulkLink) []bulkLink {
	links = slices.Clone(links)
	slices.SortFunc(links, func(a, b bulkLink) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return links
}

func (c *Console) workOf(r *http.Request) (*work, error) {
	job, ok := shelf.Get[*work](c.works, r, r.PathValue("id"), false)
	if !ok {
		return nil, fault.New(api.CodeNotFound, "this work is not known any more").WithHint("begin it again from the list of connections")
	}
	return job, nil
}

func (c *Console) showWork(w http.ResponseWriter, r *http.Request) error {
	job, err := c.workOf(r)
	if err != nil {
		return err
	}
	return c.render(w, r, "bulk", job.page(r.PathValue("id")))
}

// workStatus is what the page asks for now and then.
func (c *Console) workStatus(w http.ResponseWriter, r *http.Request) error {
	job, err := c.workOf(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]string{"version": job.page("").Version})
}

// workLinks gives the addresses that were made, as a table.
func (c *Console) workLinks(w http.ResponseWriter, r *http.Request) error {
	job, err := c.workOf(r)
	if err != nil {
		return err
	}
	job.mu.Lock()
	links := sorted(job.links)
	job.mu.Unlock()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="links.csv"`)
	table := csv.NewWriter(w)
	_ = table.Write([]string{"connection", "link"})
	for _, one := range links {
		_ = table.Write([]string{one.Name, one.Text})
	}
	table.Flush()
	return nil // the browser has left, or has it all
}
