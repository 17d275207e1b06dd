package arrange

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/importer/archive"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

const (
	maxImportFiles = 5000      // of a directory
	maxImportBytes = 256 << 20 // of all files together
)

// importFiles reads what the arguments of an import name: files, stdin, and of
// directories and zip archives the files with one of the extensions, by name.
// Hidden files and what package managers put there are left out.
func (p Commands) importFiles(args, extensions []string) ([]draft.File, error) {
	var files []draft.File
	left := int64(maxImportBytes)
	add := func(name string, in io.Reader) error {
		data, err := io.ReadAll(io.LimitReader(in, left+1))
		if err != nil {
			return prompt.Unreadable(name, err)
		}
		if left -= int64(len(data)); left < 0 || len(files) == maxImportFiles {
			return prompt.Usage("import it in parts", "that is more than %d files or %d MiB", maxImportFiles, maxImportBytes>>20)
		}
		file := draft.File{Name: filepath.ToSlash(name), Data: data}
		if !archive.Is(data) {
			files = append(files, file)
			return nil
		}
		unpacked, err := archive.Standard().Unpack(file, extensions)
		files = append(files, unpacked...)
		return err
	}
	for _, arg := range args {
		if arg == "-" {
			if err := add("stdin", p.Streams.In); err != nil {
				return nil, err
			}
			continue
		}
		if err := walkFiles(arg, extensions, add); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, prompt.Usage("name the files", "there is no file to import; of a directory those that end in %s are read", strings.Join(extensions, ", "))
	}
	return files, nil
}

// walkFiles gives a file, or the fitting ones of a directory, to add.
func walkFiles(root string, extensions []string, add func(string, io.Reader) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return prompt.Unreadable(path, err)
		case path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case path != root && !slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return prompt.Unreadable(path, err)
		}
		defer file.Close()
		name := path
		if path != root {
			if within, err := filepath.Rel(root, path); err == nil {
				name = within
			}
		}
		return add(name, file)
	})
}
