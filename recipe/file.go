package recipe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// A File is a method as a recipe file describes it, in YAML or JSON:
//
//	method: shared-net
//	name: small net        # in results; else the name of the file
//	hidden: [64, 32]
//	weighting: {name: uncertainty, learning_rate: 0.05}
//	optimizer: [{clip: {norm: 1}}, adamw, cosine]
//
// It has the options that may stand behind a colon, and those that are lists or
// tables. A part that is chosen by its name, as the weighting here, has its
// options beside that name. What is left empty is as if it were not there.
type File struct {
	Path     string
	Name     string // in results
	Method   string // of the table
	settings []setting
	document field
}

const (
	maxFile = 1 << 20 // bytes of a recipe file
	maxName = 60      // bytes of a name
)

// ReadFile reads a recipe file.
func ReadFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return Read(text, path)
}

// Read reads the text of a recipe file that lies at path.
func Read(text []byte, path string) (*File, error) {
	base := filepath.Base(path)
	f := &File{Path: path, Name: strings.TrimSuffix(base, filepath.Ext(base))}
	if err := f.read(text); err != nil {
		return nil, f.wrong(err)
	}
	return f, nil
}

// wrong names the file, and the line where it is known.
func (f *File) wrong(err error) error {
	var in atLine
	if errors.As(err, &in) {
		return fmt.Errorf("%s, line %d: %w", f.Path, in.line, in.error)
	}
	return fmt.Errorf("%s: %w", f.Path, err)
}

func (f *File) read(text []byte) (err error) {
	if len(text) > maxFile {
		return fmt.Errorf("a recipe has at most %d bytes", maxFile)
	}
	if f.document, err = document(text); err != nil {
		return err
	}
	if f.document.fields == nil {
		return errors.New("a recipe is a table of names and values, such as method: shared-net; kindred recipe METHOD writes one")
	}
	for _, e := range f.document.fields {
		switch e.name {
		case "method":
			err = e.word(&f.Method)
		case "name":
			err = e.word(&f.Name)
		}
		if err != nil {
			return err
		}
	}
	if len(f.Name) > maxName || strings.ContainsFunc(f.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("the name %.60q does not fit into a table; write name and one of at most %d plain characters", f.Name, maxName)
	}
	if f.Method == "" {
		return errors.New("no method is named; write method: shared-net, or another of kindred list")
	}
	m, err := find(f.Method)
	if err != nil {
		return err
	}
	return f.set(m)
}

// word is a field that has a word for its value, or none.
func (e field) word(to *string) error {
	if e.empty() {
		return nil
	}
	word, ok := e.value.(string)
	if !ok || word == "" {
		return e.at(fmt.Errorf("%s: a word is wanted", e.name))
	}
	*to = word
	return nil
}

// set lists what the fields set.
func (f *File) set(m Method) error {
	for _, e := range f.document.fields {
		if e.name == "method" || e.name == "name" || e.empty() {
			continue
		}
		if e.fields == nil || e.name != m.chooses() {
			f.settings = append(f.settings, setting{e.name, e.plain(), e.line})
			continue
		}
		chosen, err := m.chosen(e)
		if err != nil {
			return err
		}
		f.settings = append(f.settings, chosen...)
	}
	for i, s := range f.settings {
		if j := slices.IndexFunc(f.settings, func(o setting) bool { return o.name == s.name }); j < i {
			return s.at(fmt.Errorf("option %q stands in line %d too", s.name, f.settings[j].line))
		}
	}
	return nil
}

// chooses is the option that chooses a part, or "".
func (m Method) chooses() string {
	for name := range m.how.choices()[0] {
		return name
	}
	return ""
}

// chosen reads the name of a part and the options beside it.
func (m Method) chosen(e field) ([]setting, error) {
	name := m.how.choices()[0][e.name]
	i := slices.IndexFunc(e.fields, func(o field) bool { return o.name == "name" && !o.empty() })
	if i >= 0 {
		name = e.fields[i].plain()
	}
	parts, err := m.how.parts(m, map[string]any{e.name: name})
	if err != nil {
		return nil, e.at(err)
	}
	settings := []setting{{e.name, name, e.line}}
	own := catalog.Options(parts[len(parts)-1])
	for _, o := range e.fields {
		switch {
		case o.name != "name" && !slices.Contains(own, o.name):
			return nil, o.at(fmt.Errorf("%s %v: %w", e.name, name, catalog.Unknown("option", o.name, append([]string{"name"}, own...))))
		case o.name != "name" && !o.empty():
			settings = append(settings, setting{o.name, o.plain(), o.line})
		}
	}
	return settings, nil
}

// Build makes the method for tasks of these kinds, on what is known of their
// structure.
func (f *File) Build(kinds []kindred.Kind, seed uint64, known ...Structure) (kindred.Method, error) {
	m, err := find(f.Method)
	if err != nil {
		return nil, err
	}
	method, err := m.makeFor(kinds, f.settings, seed, known)
	if err != nil {
		return nil, f.wrong(err)
	}
	return method, nil
}

// String is the recipe in one line of JSON, which Read reads.
func (f *File) String() string {
	raw, err := json.Marshal(given(f.document.plain()))
	if err != nil {
		return f.Method
	}
	return string(raw)
}

// given leaves out of a table what is empty.
func given(v any) any {
	table, ok := v.(map[string]any)
	if !ok {
		return v
	}
	left := map[string]any{}
	for name, e := range table {
		if e = given(e); e != nil {
			left[name] = e
		}
	}
	if len(left) == 0 {
		return nil
	}
	return left
}
