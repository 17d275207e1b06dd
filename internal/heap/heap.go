package heap

import (
	"runtime/debug"
	"runtime/metrics"
)

const (
	// room is how many bytes may gather at least before they are collected.
	room = 24 << 20
	// usual is the runtime's own percentage, and most is where more room would
	// no longer be felt.
	usual, most = 100, 800
)

// Pace is how often the runtime collects. Make one with [New]; call
// [Pace.Adjust] now and then, from one goroutine.
type Pace struct {
	live func() uint64
	set  func(percent int)
	own  bool // nobody chose another percentage (GOGC)
	now  int
}

// New returns the pace of this process.
func New() *Pace {
	return &Pace{live: live, set: func(percent int) { debug.SetGCPercent(percent) }, own: read("/gc/gogc:percent") == usual, now: usual}
}

// Adjust gives what is in use now its room. Where the environment chose a pace
// (GOGC), it stays as it is.
func (p *Pace) Adjust() {
	if !p.own {
		return
	}
	percent := usual
	if used := p.live(); used > 0 {
		percent = min(max(usual, int(room*100/used)), most)
	}
	// A change stops the world for a moment: small ones are not worth it.
	if diff := percent - p.now; diff > p.now/5 || -diff > p.now/5 {
		p.set(percent)
		p.now = percent
	}
}

func live() uint64 { return read("/gc/heap/live:bytes") }

// read gives a number that the runtime measures; 0 where it knows none.
func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	if metrics.Read(sample); sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
