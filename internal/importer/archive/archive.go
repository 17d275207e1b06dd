package archive

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// Limits bound what comes out of an archive.
type Limits struct {
	Files int   // entries, those that are left out among them
	Bytes int64 // of the files together, unpacked
}

// Standard are the limits of an import.
func Standard() Limits { return Limits{Files: 5000, Bytes: draft.MaxSize} }

// flagEncrypted marks an entry that needs a password (APPNOTE.TXT section
// 4.4.4, bit 0).
const flagEncrypted = 1

// Is says whether a file is a zip archive that holds something.
func Is(data []byte) bool { return bytes.HasPrefix(data, []byte("PK\x03\x04")) }

// Unpack gives the files of an archive that end in one of the extensions, by
// their path in it behind the archive's own name. Hidden files, and what
// package managers and other systems put there, are left out, as of a
// directory. The error has [api.CodeInvalid].
func (l Limits) Unpack(archive draft.File, extensions []string) ([]draft.File, error) {
	bad := func(err error, format string, args ...any) error {
		f := fault.New(api.CodeInvalid, format, args...)
		f.Message = archive.Name + ": " + f.Message
		f.Cause = err
		return f.WithHint("unpack it yourself, look what is in it, and import the directory")
	}
	reader, err := zip.NewReader(bytes.NewReader(archive.Data), int64(len(archive.Data)))
	if err != nil {
		return nil, bad(err, "it begins as a zip archive and is none")
	}
	if len(reader.File) > l.Files {
		return nil, bad(nil, "it has more than %d files", l.Files)
	}
	var files []draft.File
	left := l.Bytes
	for _, entry := range reader.File {
		if !within(entry.Name) {
			return nil, bad(nil, "the name of a file in it leads out of it")
		}
		if !entry.Mode().IsRegular() || hidden(entry.Name) || !slices.Contains(extensions, strings.ToLower(path.Ext(entry.Name))) {
			continue
		}
		if entry.Flags&flagEncrypted != 0 {
			return nil, bad(nil, "it is locked with a password")
		}
		data, err := unpacked(entry, left)
		if err != nil {
			return nil, bad(err, "%s in it cannot be unpacked", entry.Name)
		}
		if left -= int64(len(data)); left < 0 {
			return nil, bad(nil, "unpacked it has more than %d bytes", l.Bytes)
		}
		files = append(files, draft.File{Name: archive.Name + "/" + path.Clean(entry.Name), Data: data})
	}
	if len(files) == 0 {
		return nil, bad(nil, "no file in it ends in %s", strings.Join(extensions, ", "))
	}
	return files, nil
}

// unpacked reads one entry, and one byte more than are left at most.
func unpacked(entry *zip.File, left int64) ([]byte, error) {
	in, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(io.LimitReader(in, left+1))
}

// within says whether a name stays in the archive, on every system.
func within(name string) bool {
	if name == "" || strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\\\x00") || len(name) > 1 && name[1] == ':' {
		return false
	}
	return !slices.Contains(strings.Split(name, "/"), "..")
}

func hidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(step string) bool {
		return strings.HasPrefix(step, ".") && step != "." || step == "node_modules" || step == "__MACOSX"
	})
}
