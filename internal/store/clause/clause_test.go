package clause_test

import (
	"reflect"
	"testing"

	"github.com/valetkey/valetkey/internal/store/clause"
)

func TestParametersAreNumberedInTheOrderOfTheirAppearance(t *testing.T) {
	var f clause.Filter
	f.And("state = ", "active")
	f.Add("name IN (SELECT connection FROM texts WHERE text = " + f.Param("mail") + ")")
	got := f.Where() + f.Limit(50)
	want := "\nWHERE state = $1\n  AND name IN (SELECT connection FROM texts WHERE text = $2)\nLIMIT $3"
	if got != want || !reflect.DeepEqual(f.Args(), []any{"active", "mail", 50}) {
		t.Fatalf("%s\n%v", got, f.Args())
	}
}

func TestWithoutConditionsAndLimitAllRowsAreSelected(t *testing.T) {
	var f clause.Filter
	if got := f.Where() + f.Limit(0); got != "" || len(f.Args()) != 0 {
		t.Fatalf("%q %v", got, f.Args())
	}
}
