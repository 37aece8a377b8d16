package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/catalog"
)

type part struct {
	Alpha float64 `json:"alpha"`
}

var table = catalog.Table[any]{{Name: "ridge", New: func() any { return &part{} }}, {Name: "trace", New: func() any { return 1 }}}

func TestFindNamesTheNearest(t *testing.T) {
	if p, err := table.Find("penalty", "trace"); err != nil || p.Name != "trace" {
		t.Errorf("got %v, %v", p.Name, err)
	}
	_, err := table.Find("penalty", "rigde")
	if err == nil || !strings.Contains(err.Error(), `did you mean "ridge"?`) || !strings.Contains(err.Error(), "trace") {
		t.Errorf("got %v", err)
	}
	if got := catalog.Nearest("zzzzzz", []string{"ridge"}); got != "" {
		t.Errorf("nothing is near, got %q", got)
	}
	if got := table.NameOf(&part{}); got != "ridge" {
		t.Errorf("NameOf is %q", got)
	}
}

func TestDecodeRefusesUnknownOptions(t *testing.T) {
	var p part
	if err := catalog.Decode(&p, []byte(`{"alpha": 2}`)); err != nil || p.Alpha != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	if err := catalog.Decode(&p, []byte(`{"alhpa": 2}`)); err == nil || !strings.Contains(err.Error(), "alhpa") {
		t.Errorf("got %v", err)
	}
}

func TestOptions(t *testing.T) {
	type part struct {
		Rate  float64 `json:"rate,omitempty"`
		Quiet bool    `json:"-"`
		Other int
		Last  string `json:"last" words:"the last one"`
	}
	if a, b := catalog.Words(&part{}, "last"), catalog.Words(part{}, "rate"); a != "the last one" || b != "" {
		t.Errorf("words %q and %q", a, b)
	}
	if got := catalog.Options(&part{}); !slices.Equal(got, []string{"rate", "last"}) {
		t.Errorf("options %q", got)
	}
	if got := catalog.Options(1.5); got != nil {
		t.Errorf("a number has options %q", got)
	}
}

// However long and odd names are, the message is one short line.
func TestUnknownIsOneLine(t *testing.T) {
	long := strings.Repeat("x", 1_000_000)
	choices := []string{"two\nlines", long, long + "y", "plain name", "größe"}
	for range 100 {
		choices = append(choices, "more")
	}
	for _, name := range []string{long, "plain nam", "a\nb"} {
		err := catalog.Unknown("column", name, choices).Error()
		if strings.Contains(err, "\n") || len(err) > 1500 || !strings.Contains(err, `"two\nlines"`) || !strings.Contains(err, "plain name, größe") || !strings.Contains(err, "(105 in all)") {
			t.Errorf("%d bytes: %.2000s", len(err), err)
		}
	}
}
