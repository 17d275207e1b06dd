package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Faults is a set of faults and how often each one happens. The zero value is
// none. It is immutable: counting down happens in the Server it is given to.
type Faults struct {
	settings map[string]setting
}

// setting is one fault as asked for.
type setting struct {
	times  int // how often it happens; always for every time
	choice string
	pace   time.Duration
}

const (
	always      = -1
	defaultPace = time.Second
)

// ParseFaults reads a list such as "expires_in=string,token_503=2,no_rotation".
// A count means the first N times; a count of 0 switches the fault off. The
// error names what is unknown and lists what is known, the nearest first.
func ParseFaults(s string) (Faults, error) {
	settings := map[string]setting{}
	for item := range strings.SplitSeq(s, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		name, value, hasValue := strings.Cut(item, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		info, ok := findFault(name)
		if !ok {
			return Faults{}, fmt.Errorf("unknown fault %q; known, nearest first: %s", name, strings.Join(nearestFaults(name), ", "))
		}
		if _, twice := settings[name]; twice {
			return Faults{}, fmt.Errorf("fault %q is given twice", name)
		}
		set, err := info.parse(value, hasValue)
		if err != nil {
			return Faults{}, err
		}
		settings[name] = set
	}
	return Faults{settings: settings}, nil
}

// parse reads the value of one fault.
func (f FaultInfo) parse(value string, hasValue bool) (setting, error) {
	switch f.Kind {
	case Chosen:
		if !slices.Contains(f.Values, value) {
			return setting{}, fmt.Errorf("fault %s takes one of %s, not %q", f.Name, strings.Join(f.Values, ", "), value)
		}
		return setting{times: always, choice: value}, nil
	case Timed:
		return f.parsePace(value, hasValue)
	}
	if !hasValue {
		if f.Kind == Once {
			return setting{times: 1}, nil
		}
		return setting{times: always}, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return setting{}, fmt.Errorf("fault %s takes a count such as %s=2 (the first two times), not %q", f.Name, f.Name, value)
	}
	return setting{times: n}, nil
}

func (f FaultInfo) parsePace(value string, hasValue bool) (setting, error) {
	if !hasValue {
		return setting{times: always, pace: defaultPace}, nil
	}
	pace, err := time.ParseDuration(value)
	if err != nil || pace <= 0 {
		return setting{}, fmt.Errorf("fault %s takes a duration such as %s=250ms, not %q", f.Name, f.Name, value)
	}
	return setting{times: always, pace: pace}, nil
}

// String writes the faults the way ParseFaults reads them, sorted by name.
func (f Faults) String() string {
	var items []string
	for _, name := range slices.Sorted(maps.Keys(f.settings)) {
		set := f.settings[name]
		switch {
		case set.choice != "":
			name += "=" + set.choice
		case set.pace != 0:
			name += "=" + set.pace.String()
		case set.times != always:
			name += "=" + strconv.Itoa(set.times)
		}
		items = append(items, name)
	}
	return strings.Join(items, ",")
}

func findFault(name string) (FaultInfo, bool) {
	all := FaultNames()
	i := slices.IndexFunc(all, func(f FaultInfo) bool { return f.Name == name })
	if i < 0 {
		return FaultInfo{}, false
	}
	return all[i], true
}

// nearestFaults lists the known names by their edit distance from name.
func nearestFaults(name string) []string {
	var names []string
	for _, f := range FaultNames() {
		names = append(names, f.Name)
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(editDistance(name, a), editDistance(name, b))
	})
	return names
}

// editDistance counts the bytes to insert, delete or replace to turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// faultBox fires the faults of one server and counts them down.
type faultBox struct {
	mu     sync.Mutex
	faults Faults
	left   map[string]int
	fired  map[string]int
}

func newFaultBox(f Faults) *faultBox {
	b := &faultBox{fired: map[string]int{}}
	b.set(f)
	return b
}

// set replaces the faults and starts their counts afresh.
func (b *faultBox) set(f Faults) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = f
	b.left = make(map[string]int, len(f.settings))
	for name, set := range f.settings {
		b.left[name] = set.times
	}
}

// fire reports whether the fault happens now, and uses up one time.
func (b *faultBox) fire(name string) bool {
	_, ok := b.take(name)
	return ok
}

// take is fire for a fault with a choice or a pace.
func (b *faultBox) take(name string) (setting, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	set, ok := b.faults.settings[name]
	if !ok || b.left[name] == 0 {
		return setting{}, false
	}
	if b.left[name] > 0 {
		b.left[name]--
	}
	b.fired[name]++
	return set, true
}

// snapshot returns the faults as set and how often each one has happened.
func (b *faultBox) snapshot() (Faults, map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults, maps.Clone(b.fired)
}
