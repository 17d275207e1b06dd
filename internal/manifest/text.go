package manifest

import (
	"fmt"
	"strings"
)

// Text shows a plan to a person: a line for each change and one that sums up.
// What stays is counted, not listed.
func (p Plan) Text() string {
	var out strings.Builder
	counts := make(map[Action]int)
	again := 0
	for _, c := range p.Changes {
		counts[c.Action]++
		if c.Action != Unchanged {
			fmt.Fprintln(&out, c.line())
		} else if c.Write {
			again++
		}
	}
	fmt.Fprintf(&out, "%d to create, %d to update, %d to delete, %d unchanged",
		counts[Create], counts[Update], counts[Delete], counts[Unchanged])
	switch again {
	case 0:
	case 1:
		out.WriteString(" (1 client secret is written again, as it cannot be compared)")
	default:
		fmt.Fprintf(&out, " (%d client secrets are written again, as they cannot be compared)", again)
	}
	out.WriteByte('\n')
	return out.String()
}

func (c Change) line() string {
	sign := map[Action]string{Create: "+", Update: "~", Delete: "-"}[c.Action]
	line := sign + " " + c.Kind + " " + c.Name
	if len(c.Fields) > 0 {
		line += ": " + strings.Join(c.Fields, ", ")
	}
	return line
}
