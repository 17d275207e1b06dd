package manifest

import (
	"fmt"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// Text shows a plan to a person: a line for each change and one that sums up.
// What stays is counted, not listed.
func Text(p Plan) string {
	var out strings.Builder
	counts := make(map[api.Action]int)
	again := 0
	for _, c := range p.Changes {
		counts[c.Action]++
		if c.Action != Unchanged {
			fmt.Fprintln(&out, changeText(c))
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

// maxTodo is how many of the things left to do are listed.
const maxTodo = 20

// TodoText says what is left for people once the plan is carried out; "" when
// that is nothing.
func TodoText(p Plan) string {
	if len(p.Todo) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("\nLeft for a person:\n")
	for i, t := range p.Todo {
		if i == maxTodo {
			fmt.Fprintf(&out, "  and %d more: valetkey list\n", len(p.Todo)-maxTodo)
			break
		}
		fmt.Fprintf(&out, "  %s %s %s: %s\n", t.Kind, t.Name, t.Why, t.Command)
	}
	return out.String()
}

// changeText is one change in words.
func changeText(c Change) string {
	sign := map[api.Action]string{Create: "+", Update: "~", Delete: "-"}[c.Action]
	text := sign + " " + c.Kind + " " + c.Name
	if len(c.Fields) > 0 {
		text += ": " + strings.Join(c.Fields, ", ")
	}
	return text
}
