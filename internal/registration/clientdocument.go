package registration

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// documentPath is where the documents of clients are served, each under its name.
const documentPath = "/oauth/client/"

// documentURL is the address of a client's document, which is its client_id.
func (r *Registrar) documentURL(name string) string {
	return r.publicURL + documentPath + url.PathEscape(name)
}

// reachable reports whether an authorization server may fetch our documents:
// their address must be https.
func (r *Registrar) reachable() bool { return strings.HasPrefix(r.publicURL, "https://") }

// ClientDocument is the client id metadata document of a client, for
// authorization servers that fetch it: its client_id is its own address. Clients
// that were registered in another way have none.
func (r *Registrar) ClientDocument(ctx context.Context, name string) (map[string]any, error) {
	client, err := r.desk.Store.Client(ctx, name)
	none := fault.New(api.CodeNotFound, "there is no client document at this address")
	if err != nil || len(client.Registration) == 0 || client.ClientID != r.documentURL(name) {
		return nil, none
	}
	kept, err := r.desk.Registration(client)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(kept.Metadata)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	document["client_id"] = client.ClientID
	return document, nil
}
