package clause

import (
	"strconv"
	"strings"
)

// Filter is the conditions of one query. The zero value selects all rows.
type Filter struct {
	conditions []string
	args       []any
}

// Args are the parameters in the order of their numbers.
func (f *Filter) Args() []any { return f.args }

// And adds a condition, which ends before its one parameter.
func (f *Filter) And(condition string, arg any) { f.Add(condition + f.Param(arg)) }

// Add adds a condition whose parameters, if any, were added with [Filter.Param].
func (f *Filter) Add(condition string) { f.conditions = append(f.conditions, condition) }

// Param adds a parameter and returns its mark.
func (f *Filter) Param(arg any) string {
	f.args = append(f.args, arg)
	return "$" + strconv.Itoa(len(f.args))
}

// Where renders the conditions; "" when there are none.
func (f *Filter) Where() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return "\nWHERE " + strings.Join(f.conditions, "\n  AND ")
}

// Limit renders a limit of rows; 0 is none.
func (f *Filter) Limit(rows int) string {
	if rows <= 0 {
		return ""
	}
	return "\nLIMIT " + f.Param(rows)
}
