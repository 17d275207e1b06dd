package process

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// Name is this process's, from what the kernel says below proc, usually
// os.DirFS("/proc"). It is "" where that cannot be told.
func Name(proc fs.FS) string {
	space := space(proc)
	if space == "" {
		return ""
	}
	return space + "/" + strconv.Itoa(os.Getpid())
}

// Gone reports whether the process of a name has ended for certain: it was one
// of this machine and of this space of process numbers, and its number is free.
func Gone(proc fs.FS, name string) bool {
	own := space(proc)
	of, number, ok := cut(name)
	if !ok || own == "" || of != own {
		return false
	}
	_, err := fs.Stat(proc, number)
	return errors.Is(err, fs.ErrNotExist)
}

func cut(name string) (space, number string, ok bool) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", "", false
	}
	space, number = name[:i], name[i+1:]
	n, err := strconv.Atoi(number)
	return space, number, err == nil && n > 0
}

// space names the machine's run and the namespace in which numbers count.
func space(proc fs.FS) string {
	boot, err := fs.ReadFile(proc, "sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, err := fs.ReadLink(proc, "self/ns/pid")
	if err != nil {
		return ""
	}
	return path.Join(strings.TrimSpace(string(boot)), namespace)
}
