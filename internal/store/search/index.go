package search

import (
	_ "embed"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/internal/store/clause"
)

// Index is what a database finds a part of a text with.
type Index interface {
	// Schema makes the table of texts and its index, with what is there by now,
	// and the triggers that keep them.
	Schema() string
	// Propose is a query for the names of connections whose text contains all parts.
	Propose(f *clause.Filter, parts []string) string
	// Listed is a query for the names in a JSON array.
	Listed(f *clause.Filter, names string) string
}

// SQLite is the index of a SQLite database: FTS5, fed by the block.
type SQLite struct{}

// PostgreSQL is the index of a PostgreSQL database: GIN over arrays, which
// every server has without an extension.
type PostgreSQL struct{}

//go:embed sqlite.sql
var sqliteSchema string

//go:embed postgres.sql
var postgresSchema string

// Schema implements [Index].
func (SQLite) Schema() string { return sqliteSchema }

// Schema implements [Index].
func (PostgreSQL) Schema() string { return postgresSchema }

// maxGrams bounds the grams that one query names: a few of them lead to few rows.
const maxGrams = 24

// Propose implements [Index]. Rows whose block is not full are read as they stand.
func (SQLite) Propose(f *clause.Filter, parts []string) string {
	match := matching(f, parts)
	like := likes(f, parts)
	return `
		SELECT connection
		FROM connection_texts
		WHERE id IN (SELECT rowid FROM connection_grams WHERE connection_grams MATCH ` + match + `)
		  AND ` + like + `
		UNION ALL
		SELECT connection
		FROM connection_texts
		WHERE id > (SELECT COALESCE(MAX(seq), 0) / 512 * 512 FROM sqlite_sequence WHERE name = 'connection_texts')
		  AND ` + like
}

// matching is what FTS5 looks for: all grams of the parts, or, where no part
// is as long as one, any gram that begins with the longest part.
func matching(f *clause.Filter, parts []string) string {
	var grams []string
	short := ""
	for _, part := range parts {
		grams = append(grams, gramsOf(part)...)
		if len(part) > len(short) {
			short = part
		}
	}
	if len(grams) == 0 {
		return `(SELECT COALESCE(group_concat('"' || replace(term, '"', '""') || '"', ' OR '), '""') FROM connection_terms WHERE term >= ` +
			f.Param(short) + ` AND term < ` + f.Param(short+string(utf8.MaxRune)) + `)`
	}
	slices.Sort(grams)
	grams = slices.Compact(grams)
	grams = grams[:min(len(grams), maxGrams)]
	for i, gram := range grams {
		grams[i] = `"` + strings.ReplaceAll(gram, `"`, `""`) + `"`
	}
	return f.Param(strings.Join(grams, " AND "))
}

// Listed implements [Index].
func (SQLite) Listed(f *clause.Filter, names string) string {
	return "SELECT value FROM json_each(" + f.Param(names) + ")"
}

// Listed implements [Index].
func (PostgreSQL) Listed(f *clause.Filter, names string) string {
	return "SELECT jsonb_array_elements_text(" + f.Param(names) + "::jsonb) COLLATE \"binary\""
}

// Propose implements [Index]. OFFSET 0 has it planned by itself: what else is
// asked of a connection says little about how many there are.
func (PostgreSQL) Propose(f *clause.Filter, parts []string) string {
	query := "SELECT connection FROM connection_texts WHERE " + likes(f, parts)
	for _, part := range parts {
		if len(gramsOf(part)) > 0 {
			query += " AND connection_grams(text) @> connection_grams(" + f.Param(part) + "::text COLLATE \"binary\")"
		}
	}
	return query + " OFFSET 0"
}

func likes(f *clause.Filter, parts []string) string {
	var conditions []string
	for _, part := range parts {
		conditions = append(conditions, "text LIKE "+f.Param(contains(part))+" ESCAPE '!'")
	}
	return strings.Join(conditions, " AND ")
}

// gramsOf are the runs of three characters in a part.
func gramsOf(part string) []string {
	runes := []rune(part)
	var grams []string
	for i := 0; i+3 <= len(runes); i++ {
		grams = append(grams, string(runes[i:i+3]))
	}
	return grams
}
