package tokenstore

import (
	"bytes"
	"strconv"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

// readLines reads JSON lines: one value a line.
func readLines(d *draft.Draft, file draft.File) ([]row, error) {
	var rows []row
	for i, line := range bytes.Split(file.Data, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		v, err := d.Parse(draft.File{Name: file.Name + ": line " + strconv.Itoa(i+1), Data: line})
		if err != nil {
			return nil, err
		}
		rows = append(rows, readTree(v, "", 0)...)
	}
	return rows, nil
}

// isLines says whether a file has a JSON value on each of its first two lines.
func isLines(data []byte) bool {
	first, rest, more := bytes.Cut(bytes.TrimSpace(data), []byte("\n"))
	first, rest = bytes.TrimSpace(first), bytes.TrimSpace(rest)
	return more && bytes.HasPrefix(first, []byte("{")) && bytes.HasSuffix(first, []byte("}")) && bytes.HasPrefix(rest, []byte("{"))
}

// maxBelow is how far below the top a token is looked for.
const maxBelow = 6

// readTree finds entries in lists and maps by name. What Vault prints has the
// entry under data, and for key-value secrets of version 2 under data.data.
func readTree(v draft.Value, name string, depth int) []row {
	if depth > maxBelow {
		return nil
	}
	var rows []row
	for _, item := range v.Items() {
		rows = append(rows, readTree(item, "", depth+1)...)
	}
	if !v.IsMap() {
		return rows
	}
	r := row{where: v.Where(), name: name, columns: make(map[string]string)}
	collect(r.columns, v)
	titles := make([]string, 0, len(r.columns))
	for title := range r.columns {
		titles = append(titles, title)
	}
	if known(titles) {
		return append(rows, r)
	}
	for _, key := range v.Keys() {
		below := key
		switch key {
		case "data", "credentials", "tokens", "items", "connections", "secrets", "results":
			below = first(name, v.Get("name").Text(), v.Get("path").Text())
		case "auth", "metadata", "custom_metadata", "warnings", "wrap_info":
			continue
		}
		rows = append(rows, readTree(v.Get(key), below, depth+1)...)
	}
	return rows
}

// collect takes the members of an entry, and those of a token object in it.
func collect(into map[string]string, v draft.Value) {
	for _, key := range v.Keys() {
		member := v.Get(key)
		switch column := columnName(key); {
		case member.IsMap() && (column == "token" || column == "tokens" || column == "oauth" || column == "oauth_token_data" || column == "extra_data"):
			collect(into, member)
		case member.IsList():
			joined := ""
			for _, text := range member.Texts() {
				joined += text + " "
			}
			into[column] = joined
		case member.Text() != "":
			into[column] = member.Text()
		}
	}
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
