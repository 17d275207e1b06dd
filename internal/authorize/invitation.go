package authorize

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/account"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
)

// Invitation is what somebody should know who opens the address of an
// authorization that another may have begun: without it whoever lures a person
// there has that person's account connected for them (RFC 9700 section 4.7).
type Invitation struct {
	By         string // who began it; "": the operator of this installation
	Connection string
	Provider   string // its title
	Account    string // that is asked for, or connected by now; "": any
	Scopes     []string
	BegunAt    time.Time
	Follows    bool // the same browser was asked before
}

type byMark struct{}

// By says who begins authorizations with the context, as people know them.
// Without it that is whoever runs this installation.
func By(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, byMark{}, who)
}

// begun is what is kept beside the authorization URL of who began it.
type begun struct {
	By      string `json:"by,omitempty"`
	Account string `json:"account,omitempty"`
	// Follows says that the flow goes on from another one, in the same browser,
	// which alone was told its address.
	Follows bool `json:"follows,omitempty"`
}

// begunMark is where an authorization URL ends and begun follows. No such URL
// has a fragment (RFC 6749 section 3.1), so a node of a version that knows
// nothing of it sends browsers to the right place all the same.
const begunMark = "#valetkey="

// withBegun writes down behind the URL who began.
func withBegun(ctx context.Context, url string, a arrangement.Arrangement, hint string, follows bool) (string, error) {
	who, _ := ctx.Value(byMark{}).(string)
	kept, err := json.Marshal(begun{
		By: who, Account: cmp.Or(hint, account.Label(a.Connection.Owner())), Follows: follows,
	})
	return url + begunMark + base64.RawURLEncoding.EncodeToString(kept), err
}

// cutBegun takes apart what withBegun wrote, or a URL of a version before it.
func cutBegun(kept string) (url string, by begun) {
	url, rest, _ := strings.Cut(kept, begunMark)
	if text, err := base64.RawURLEncoding.DecodeString(rest); err == nil {
		_ = json.Unmarshal(text, &by) // nothing is known of who began
	}
	return url, by
}

// invitation says what a flow is for. What cannot be told, such as scopes that
// wait for a setting, is left out.
func (f *Flows) invitation(ctx context.Context, flow ledger.Flow, by begun) Invitation {
	told := Invitation{By: by.By, Connection: flow.Connection, Account: by.Account, BegunAt: flow.CreatedAt.UTC(), Follows: by.Follows}
	if a, err := f.desk.Arrange(ctx, flow.Connection); err == nil {
		told.Provider, told.Scopes = cmp.Or(a.Provider.Provider.Title, a.Provider.Provider.Name), a.Scopes()
	}
	return told
}
