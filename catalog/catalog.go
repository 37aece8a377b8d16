// Package catalog is the table of a package's interchangeable parts: its
// losses, penalties, solvers. A part is one file and one line of such a table;
// the recipe, the list command, the docs and the conformance tests read it.
package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// A Part is one line of a table.
type Part[T any] struct {
	Name    string   // what users type: lower case, words joined by hyphens
	Words   string   // what it does, in a line
	Formula string   // what it computes
	Source  string   // where it comes from: authors, title, venue, year
	New     func() T // a new part with the documented defaults; a pointer where it has options
}

// A Table holds the parts of one kind, in the order they are shown.
type Table[T any] []Part[T]

// Names lists the names in order.
func (t Table[T]) Names() []string {
	names := make([]string, len(t))
	for i, p := range t {
		names[i] = p.Name
	}
	return names
}

// Find returns the part called name, or an error that names the nearest one
// and all the choices. kind is the word for such a part, as in "penalty".
func (t Table[T]) Find(kind, name string) (Part[T], error) {
	for _, p := range t {
		if p.Name == name {
			return p, nil
		}
	}
	return Part[T]{}, Unknown(kind, name, t.Names())
}

// NameOf returns the name of the part that has the type of v, or "".
func (t Table[T]) NameOf(v T) string {
	for _, p := range t {
		if reflect.TypeOf(p.New()) == reflect.TypeOf(v) {
			return p.Name
		}
	}
	return ""
}

// Decode sets the options of a part from a JSON object; an option it does not
// have is an error.
func Decode(part any, options []byte) error {
	if len(bytes.TrimSpace(options)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(options))
	d.DisallowUnknownFields()
	return d.Decode(part)
}

// Options names the options of a part, in the order of its fields: the names
// that Decode takes.
func Options(part any) []string {
	t := reflect.TypeOf(part)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var names []string
	for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// Words says what an option of a part is, by the tag words of its field.
func Words(part any, option string) string {
	t := reflect.TypeOf(part)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name == option {
			return t.Field(i).Tag.Get("words")
		}
	}
	return ""
}

// Unknown says that there is no such kind called name, which was meant most
// likely, and what there is.
func Unknown(kind, name string, choices []string) error {
	hint, more := "", ""
	if near := Nearest(name, choices); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	if len(choices) > maxChoices {
		more = fmt.Sprintf(", … (%d in all)", len(choices))
		choices = choices[:maxChoices]
	}
	list := make([]string, len(choices))
	for i, c := range choices {
		list[i] = shown(c)
	}
	return fmt.Errorf("no %s %q%s (there are: %s%s)", kind, cut(name), hint, strings.Join(list, ", "), more)
}

// maxChoices is how many choices are listed, maxName how many bytes of a name.
const (
	maxChoices = 40
	maxName    = 200
)

// shown is a choice as a list shows it: plain, on one line.
func shown(name string) string {
	name = cut(name)
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// cut shortens a name in which a message would drown.
func cut(name string) string {
	if len(name) > maxName {
		return strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	return name
}

// Nearest returns the choice that takes the fewest edits to reach from name,
// regardless of case, or "" where none is near.
func Nearest(name string, choices []string) string {
	if len(name) > maxName {
		return ""
	}
	best, near := len(name)/2+2, ""
	for _, c := range choices {
		if len(c) > maxName {
			continue
		}
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(c)); d < best {
			best, near = d, c
		}
	}
	return near
}
