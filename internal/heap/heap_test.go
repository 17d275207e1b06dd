package heap

import (
	"runtime"
	"slices"
	"testing"
)

func TestWhatIsInUseHasItsRoom(t *testing.T) {
	var used uint64
	var set []int
	p := &Pace{live: func() uint64 { return used }, set: func(percent int) { set = append(set, percent) }, own: true, now: usual}
	for _, used = range []uint64{0, 24 << 20, 6 << 20, 5 << 20, 1 << 20, 1 << 30} {
		p.Adjust()
	}
	if want := []int{400, 800, 100}; !slices.Equal(set, want) {
		t.Errorf("set %v, want %v", set, want)
	}
}

func TestAPaceThatTheEnvironmentChoseStays(t *testing.T) {
	p := &Pace{live: func() uint64 { return 1 }, set: func(percent int) { t.Errorf("set %d", percent) }, now: usual}
	p.Adjust()
}

func TestTheRuntimeTellsBothNumbers(t *testing.T) {
	runtime.GC()
	if read("/gc/gogc:percent") == 0 || live() == 0 || read("/nothing") != 0 {
		t.Errorf("%d %%, %d bytes", read("/gc/gogc:percent"), live())
	}
}
