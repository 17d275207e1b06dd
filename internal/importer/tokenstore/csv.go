package tokenstore

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// row is one entry of a token store.
type row struct {
	where   string
	name    string // where the store has one of its own
	columns map[string]string
}

// readCSV reads a table with a header row. The separator is the one that the
// header has most of.
func readCSV(file draft.File) ([]row, error) {
	data := bytes.TrimPrefix(file.Data, []byte("\ufeff"))
	header, _, _ := bytes.Cut(data, []byte("\n"))
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord, reader.LazyQuotes, reader.TrimLeadingSpace = -1, true, true
	for _, separator := range ",;\t|" {
		if strings.Count(string(header), string(separator)) > strings.Count(string(header), string(reader.Comma)) {
			reader.Comma = separator
		}
	}
	titles, err := reader.Read()
	if err != nil {
		return nil, fault.New(api.CodeInvalid, "%s is neither JSON nor a table with a header row", file.Name)
	}
	for i := range titles {
		titles[i] = columnName(titles[i])
	}
	if !known(titles) {
		return nil, fault.New(api.CodeInvalid, "%s has no column that holds tokens", file.Name).
			WithHint("the first row names the columns; one of them must be access_token or refresh_token")
	}
	var rows []row
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		line, _ := reader.FieldPos(0)
		if err != nil {
			return nil, fault.New(api.CodeInvalid, "%s is not a table from row %d on", file.Name, len(rows)+2)
		}
		r := row{where: file.Name + ": line " + strconv.Itoa(line), columns: make(map[string]string, len(cells))}
		for i, cell := range cells {
			if i < len(titles) && strings.TrimSpace(cell) != "" {
				r.columns[titles[i]] = strings.TrimSpace(cell)
			}
		}
		rows = append(rows, r)
	}
}

// columnName writes clientId, Client-ID and CLIENT ID as client_id.
func columnName(text string) string {
	var out strings.Builder
	var before rune
	for _, c := range strings.TrimSpace(text) {
		switch {
		case c >= 'A' && c <= 'Z':
			if before >= 'a' && before <= 'z' {
				out.WriteByte('_')
			}
			out.WriteRune(c + 'a' - 'A')
		case c == ' ' || c == '-' || c == '.':
			out.WriteByte('_')
		default:
			out.WriteRune(c)
		}
		before = c
	}
	return strings.Trim(out.String(), `_"'`)
}

// known says whether one of the columns holds tokens.
func known(titles []string) bool {
	for _, title := range titles {
		for _, name := range append(accessColumns(), refreshColumns()...) {
			if title == name {
				return true
			}
		}
	}
	return false
}
