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

// What is wrong with options is said in the words of options.
func TestDecodeSaysWhatIsWrong(t *testing.T) {
	type inner struct {
		Deep int `json:"deep"`
	}
	type common struct {
		Word string `json:"word"`
	}
	type part struct {
		common
		Rate  float64        `json:"rate"`
		Quiet bool           `json:"quiet"`
		Inner inner          `json:"inner"`
		List  [][]string     `json:"list"`
		Table map[string]int `json:"table"`
		Units units          `json:"units"`
	}
	for options, want := range map[string]string{
		`{"rat": 1}`:                   `no option "rat"; did you mean "rate"? (there are: word, rate, quiet, inner, list, table, units)`,
		`{"rate": "fast"}`:             "option rate=fast: a number is wanted",
		`{"rate": "a\nb"}`:             `option rate="a\nb": a number is wanted`,
		`{"quiet": 1}`:                 "option quiet=1: true or false is wanted",
		`{"word": 0.3}`:                "option word=0.3: a word is wanted",
		`{"inner": {"deap": 1}}`:       `inner: no option "deap"; did you mean "deep"? (there are: deep)`,
		`{"inner": {"deep": 1.5}}`:     "inner: option deep=1.5: a whole number is wanted",
		`{"inner": 3}`:                 "option inner=3: a table of names and values is wanted",
		`{"list": "a"}`:                "option list=a: a list is wanted",
		`{"table": [1]}`:               "option table=[1]: a table of names and values is wanted",
		`{"table": {"a": "x"}, "b":1}`: "",
	} {
		err := catalog.Decode(&part{}, []byte(options))
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%s: %v, want %s", options, err, want)
		}
	}
	for option, want := range map[string]bool{"word": true, "rate": true, "quiet": true, "inner": false, "list": false, "table": false, "none": false, "units": true} {
		if catalog.Plain(&part{}, option) != want {
			t.Errorf("%s: plain is %v", option, !want)
		}
	}
}

// units are a list that words say too.
type units []int

func (u *units) UnmarshalText(b []byte) error { *u = units{len(b)}; return nil }

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
