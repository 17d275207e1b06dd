package arrange

import (
	"github.com/valetkey/valetkey/internal/importer/curl"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/insomnia"
	"github.com/valetkey/valetkey/internal/importer/postman"
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
		{"postman", "Take over Postman collections, environments and globals", "contoso.postman_collection.json", documents, postman.Read},
		{"insomnia", "Take over an Insomnia export", "insomnia.yaml", documents, insomnia.Read},
		{"curl", "Take over requests written as curl commands", "requests.sh", []string{".sh", ".txt", ".curl", ".http"}, curl.Read},
	}
}
