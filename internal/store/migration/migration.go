package migration

import (
	"context"
	"database/sql"
	"embed"

	"github.com/pressly/goose/v3"
)

//go:embed *.sql
var files embed.FS

// searchVersion is the one step whose text the two databases do not share.
const searchVersion = 10

// Steps are all migrations: the files, and what package search needs. Goose
// could read the files itself, and would take 8 MB for it at each start.
func Steps(search string) ([]*goose.Migration, error) {
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	all := []*goose.Migration{step(searchVersion, search)}
	for _, file := range names {
		text, err := files.ReadFile(file.Name())
		if err != nil {
			return nil, err
		}
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, step(version, string(text)))
	}
	return all, nil
}

func step(version int64, text string) *goose.Migration {
	return goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text)
		return err
	}}, nil)
}
