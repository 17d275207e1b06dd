package migration

import (
	"strings"
	"testing"
)

// The same text is to run on PostgreSQL, which knows none of these.
func TestMigrationsAreInBothDialects(t *testing.T) {
	names, err := files.ReadDir(".")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations: %v", len(names), err)
	}
	for _, file := range names {
		text, err := files.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"AUTOINCREMENT", "INTEGER", "BLOB", "DATETIME", "WITHOUT ROWID", "STRICT", "PRAGMA", "`"} {
			if strings.Contains(strings.ToUpper(string(text)), word) {
				t.Errorf("%s holds %s", file.Name(), word)
			}
		}
	}
}

// Nodes of the version before go on working while a migration runs and after
// it, so a migration only adds, and what it adds they may leave out.
func TestMigrationsOnlyAdd(t *testing.T) {
	names, err := files.ReadDir(".")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations: %v", len(names), err)
	}
	for _, file := range names[1:] {
		text, err := files.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range strings.Split(strings.ToUpper(string(text)), ";") {
			for _, word := range []string{"DROP ", "RENAME ", "ALTER COLUMN", "DELETE FROM ", "UPDATE "} {
				if strings.Contains(statement, word) {
					t.Errorf("%s: %q takes something away from nodes that still run", file.Name(), word)
				}
			}
			added := strings.Contains(statement, "ADD COLUMN")
			if added && strings.Contains(statement, "NOT NULL") && !strings.Contains(statement, "DEFAULT") {
				t.Errorf("%s: nodes that still run cannot insert rows: the column needs a default", file.Name())
			}
		}
	}
}
