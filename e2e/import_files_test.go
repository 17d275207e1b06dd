package e2e

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// importKinds are the kinds of import whose committed files stand in the
// directory of the same name, with the extensions that are theirs.
func importKinds() map[string][]string {
	return map[string][]string{
		"openapi":       {".json", ".yaml", ".yml"},
		"powerplatform": {".swagger.json"},
		"postman":       {".json"},
		"insomnia":      {".json", ".yaml", ".yml"},
		"bruno":         {".bru", ".json", ".yml", ".yaml"},
		"curl":          {".sh", ".txt", ".curl", ".http"},
		"n8n":           {".json"},
		"celigo":        {".json"},
		"tokenstore":    {".csv", ".json", ".jsonl"},
	}
}

func TestEveryCommittedFileIsImportedOrRefusedWithWords(t *testing.T) {
	for kind, extensions := range importKinds() {
		command := kind
		if kind == "tokenstore" {
			command = "tokens"
		}
		for _, file := range committed(t, kind, extensions) {
			t.Run(kind+"/"+filepath.Base(file), func(t *testing.T) {
				r := run(t, nil, "import", command, file, "--dry-run", "-o", "json", "--data", t.TempDir())
				if r.code != 0 {
					if !strings.Contains(r.stderr, "detail") && !strings.Contains(r.stderr, "error") || strings.Contains(r.stderr, "panic") || strings.Contains(r.stderr, `"internal"`) {
						t.Errorf("%d %s", r.code, r.stderr)
					}
					return
				}
				var plan struct {
					Changes []struct{ Name string }
					Notes   []struct{ What string }
				}
				if err := json.Unmarshal([]byte(r.stdout), &plan); err != nil {
					t.Fatal(err)
				}
				if len(plan.Changes) == 0 && len(plan.Notes) == 0 {
					t.Errorf("nothing is made of it, and nothing says why")
				}
			})
		}
	}
}

// committed lists the test files of a kind of import; at most twelve, for each
// is a process of its own.
func committed(t *testing.T, kind string, extensions []string) (files []string) {
	t.Helper()
	root := filepath.Join("..", "internal", "importer", kind, "testdata")
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && slices.ContainsFunc(extensions, func(end string) bool { return strings.HasSuffix(path, end) }) {
			files = append(files, path)
		}
		return nil // a kind may have none
	})
	return files[:min(len(files), 12)]
}
