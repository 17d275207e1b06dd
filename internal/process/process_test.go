package process_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valetkey/valetkey/internal/process"
)

func linux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
}

func TestAProcessThatRunsIsNotGoneAndOneThatEndedIs(t *testing.T) {
	linux(t)
	proc := os.DirFS("/proc")
	own := process.Name(proc)
	if own == "" || process.Gone(proc, own) {
		t.Fatalf("%q is said to be gone", own)
	}
	space := own[:strings.LastIndexByte(own, '/')]
	child := exec.Command("true")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	if ended := space + "/" + strconv.Itoa(child.Process.Pid); !process.Gone(proc, ended) {
		t.Fatalf("%q is said to run", ended)
	}
}

func TestNobodyElsewhereIsEverSaidToBeGone(t *testing.T) {
	linux(t)
	proc := os.DirFS("/proc")
	own := process.Name(proc)
	space, number := own[:strings.LastIndexByte(own, '/')], own[strings.LastIndexByte(own, '/')+1:]
	for _, name := range []string{
		"", "/", number, "another machine/4194303", space + "0/4194303", space + "/", space + "/x", space + "/-1", space + "/0",
	} {
		if process.Gone(proc, name) {
			t.Errorf("%q is said to be gone", name)
		}
	}
}

func TestWithoutAKernelThatTellsThereIsNoName(t *testing.T) {
	empty := fstest.MapFS{}
	if name := process.Name(empty); name != "" {
		t.Errorf("named %q", name)
	}
	if process.Gone(empty, "boot/pid:[1]/7") {
		t.Error("said to be gone by a kernel that tells nothing")
	}
}
