package arrange

import (
	"github.com/valetkey/valetkey/internal/importer/bruno"
	"github.com/valetkey/valetkey/internal/importer/celigo"
	"github.com/valetkey/valetkey/internal/importer/curl"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/insomnia"
	"github.com/valetkey/valetkey/internal/importer/n8n"
	"github.com/valetkey/valetkey/internal/importer/openapi"
	"github.com/valetkey/valetkey/internal/importer/postman"
	"github.com/valetkey/valetkey/internal/importer/powerplatform"
	"github.com/valetkey/valetkey/internal/importer/tokenstore"
)

// importKind is a program whose files can be imported.
type importKind struct {
	name       string
	short      string
	example    string
	extensions []string // of the files that are read of a directory
	read       func(files []draft.File, name string) (draft.Draft, error)
}

// importKinds are the programs whose files can be imported, in the order of
// the help.
func importKinds() []importKind {
	documents := []string{".json", ".yaml", ".yml"}
	return []importKind{
		{"openapi", "Take over API descriptions: OpenAPI 3 and Swagger 2", "openapi.yaml", documents, openapi.Read},
		{"powerplatform", "Take over custom connectors of Power Platform", "connector/", []string{".json"}, powerplatform.Read},
		{"postman", "Take over Postman collections, environments and globals", "contoso.postman_collection.json", documents, postman.Read},
		{"insomnia", "Take over an Insomnia export", "insomnia.yaml", documents, insomnia.Read},
		{"bruno", "Take over Bruno collections and environments", "collection/", []string{".bru", ".json", ".yml", ".yaml"}, bruno.Read},
		{"curl", "Take over requests written as curl commands", "requests.sh", []string{".sh", ".txt", ".curl", ".http"}, curl.Read},
		{"n8n", "Take over credentials that n8n exported decrypted", "credentials.json", documents, n8n.Read},
		{"celigo", "Take over connections and iClients of Celigo integrator.io", "connections.json", documents, celigo.Read},
		{"tokens", "Take over many tokens at once: CSV, JSON, JSON lines or Vault", "tokens.csv", []string{".csv", ".json", ".jsonl", ".ndjson"}, tokenstore.Read},
	}
}
