// Package catalog is the table of a package's interchangeable parts: its
// losses, penalties, solvers. A part is one file and one line of such a table;
// the recipe, the list command, the docs and the conformance tests read it.
package catalog

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
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
// have is an error, and so is a value of the wrong type.
func Decode(part any, options []byte) error {
	if len(bytes.TrimSpace(options)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(options))
	d.DisallowUnknownFields()
	return explain(d.Decode(part), part, options)
}

// explain says in the words of options what encoding/json says in those of Go.
func explain(err error, part any, options []byte) error {
	if err == nil {
		return nil
	}
	if inner := explainInside(part, options); inner != nil {
		return inner
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		name := wrong.Field[strings.LastIndex(wrong.Field, ".")+1:]
		return fmt.Errorf("option %s=%s: %s is wanted", name, valueOf(wrong.Field, options), wanted(wrong.Type))
	}
	var name string
	if n, _ := fmt.Sscanf(err.Error(), "json: unknown field %q", &name); n == 1 && len(Options(part)) > 0 {
		return Unknown("option", name, Options(part))
	}
	return err
}

// explainInside does so of options that have options of their own.
func explainInside(part any, options []byte) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(options, &fields) != nil {
		return nil
	}
	for _, name := range Options(part) {
		f, _ := field(part, name)
		inner := reflect.New(f.Type)
		if _, own := inner.Interface().(json.Unmarshaler); own || f.Type.Kind() != reflect.Struct || !bytes.HasPrefix(fields[name], []byte("{")) {
			continue
		}
		if err := Decode(inner.Interface(), fields[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// valueOf is the value of a field in options, as a message shows it.
func valueOf(path string, options []byte) string {
	for name := range strings.SplitSeq(path, ".") {
		var fields map[string]json.RawMessage
		if json.Unmarshal(options, &fields) == nil && fields[name] != nil {
			options = fields[name] // else the name of an embedded struct
		}
	}
	var word string
	if json.Unmarshal(options, &word) == nil {
		return short(word)
	}
	return fmt.Sprintf("%.60s", options)
}

// short is a value as a message shows it.
func short(value string) string {
	if quoted := strconv.Quote(value); len(value) > 60 || quoted != `"`+value+`"` {
		return fmt.Sprintf("%.60q", value)
	}
	return value
}

// wanted says which values a field takes.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a word"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "a table of names and values"
}

// Options names the options of a part, in the order of its fields: the names
// that Decode takes.
func Options(part any) []string {
	t := reflect.TypeOf(part)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var names []string
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// Words says what an option of a part is, by the tag words of its field.
func Words(part any, option string) string {
	f, _ := field(part, option)
	return f.Tag.Get("words")
}

// Plain tells whether an option is said by one word or number. Others are
// lists, or have names of their own inside.
func Plain(part any, option string) bool {
	f, ok := field(part, option)
	if !ok || reflect.PointerTo(f.Type).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return ok
	}
	switch f.Type.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct, reflect.Pointer, reflect.Interface:
		return false
	}
	return true
}

// field finds the field of an option.
func field(part any, option string) (reflect.StructField, bool) {
	t := reflect.TypeOf(part)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return reflect.StructField{}, false
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == option && name != "" && name != "-" {
			return f, true
		}
	}
	return reflect.StructField{}, false
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
