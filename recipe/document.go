package recipe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A field is a value of a document, its name in the table that it stands in,
// and its line. It is a table, a list or neither.
type field struct {
	name   string
	line   int
	value  any // nil, true or false, a number or a word
	fields []field
	list   []field
}

// empty tells whether nothing is said.
func (f field) empty() bool { return f.value == nil && f.fields == nil && f.list == nil }

// at says in which line something is wrong.
func (f field) at(err error) error { return setting{line: f.line}.at(err) }

// plain is the value without names and lines: as encoding/json has it.
func (f field) plain() any {
	switch {
	case f.fields != nil:
		table := map[string]any{}
		for _, e := range f.fields {
			table[e.name] = e.plain()
		}
		return table
	case f.list != nil:
		list := make([]any, len(f.list))
		for i, e := range f.list {
			list[i] = e.plain()
		}
		return list
	}
	return f.value
}

// add puts a field into a table, where no other has its name.
func (f *field) add(e field) error {
	for _, other := range f.fields {
		if other.name == e.name {
			return e.at(fmt.Errorf("%.200q stands in line %d too", e.name, other.line))
		}
	}
	f.fields = append(f.fields, e)
	return nil
}

// maxDepth is how deep tables and lists may lie in one another.
const maxDepth = 16

var errDeep = errors.New("tables and lists lie too deep in one another")

// document reads YAML, or JSON where it begins as that does.
func document(text []byte) (field, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if start := bytes.TrimSpace(text); len(start) > 0 && start[0] == '{' && json.Valid(text) {
		r := reader{json.NewDecoder(bytes.NewReader(text)), text}
		r.UseNumber()
		return r.read("", 0)
	}
	return readYAML(text)
}

// A reader reads JSON, which it knows to be valid.
type reader struct {
	*json.Decoder
	text []byte
}

func (r *reader) read(name string, depth int) (field, error) {
	token, err := r.Token()
	if err != nil {
		return field{}, err
	}
	f := field{name: name, line: 1 + bytes.Count(r.text[:r.InputOffset()], []byte("\n"))}
	switch token := token.(type) {
	case json.Delim:
		if depth == maxDepth {
			return f, f.at(errDeep)
		}
		err = r.inside(&f, token, depth+1)
	case json.Number:
		err = f.number(token.String())
	default:
		f.value = token
	}
	return f, err
}

// inside reads what lies in a table or a list.
func (r *reader) inside(f *field, open json.Delim, depth int) error {
	if f.fields = []field{}; open == '[' {
		f.fields, f.list = nil, []field{}
	}
	for r.More() {
		name := ""
		if open == '{' {
			key, err := r.Token()
			if err != nil {
				return err
			}
			name = key.(string)
		}
		e, err := r.read(name, depth)
		if err != nil {
			return err
		}
		if open == '[' {
			f.list = append(f.list, e)
		} else if err := f.add(e); err != nil {
			return err
		}
	}
	_, err := r.Token()
	return err
}

// number sets the value to a number that is finite.
func (f *field) number(text string) error {
	v, err := json.Number(text).Float64()
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return f.at(fmt.Errorf("%.60q is no number that can be worked with", text))
	}
	f.value = v
	return nil
}

// readYAML reads one document.
func readYAML(text []byte) (field, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var node, more yaml.Node
	if err := d.Decode(&node); errors.Is(err, io.EOF) {
		return field{}, errors.New("the file is empty")
	} else if err != nil {
		return field{}, oneLine(err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			return field{}, oneLine(err)
		}
		return field{}, field{line: more.Line}.at(errors.New("a second document begins; a file holds one recipe"))
	}
	return fromYAML("", node.Content[0], 0)
}

// oneLine is an error of the YAML library in one line, without its name.
func oneLine(err error) error {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 0
	if n, _ := fmt.Sscanf(text, "line %d: ", &line); n == 1 {
		_, text, _ = strings.Cut(text, ": ")
	}
	return field{line: line}.at(fmt.Errorf("%.300s", strings.Join(strings.Fields(text), " ")))
}

func fromYAML(name string, n *yaml.Node, depth int) (field, error) {
	f := field{name: name, line: n.Line}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return f, f.at(errors.New("anchors and aliases are not read; write the value out"))
	case n.Kind == yaml.ScalarNode:
		return f, f.scalar(n)
	case depth == maxDepth:
		return f, f.at(errDeep)
	case n.Kind == yaml.SequenceNode:
		f.list = []field{}
		for _, item := range n.Content {
			e, err := fromYAML("", item, depth+1)
			if err != nil {
				return f, err
			}
			f.list = append(f.list, e)
		}
		return f, nil
	}
	f.fields = []field{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			return f, field{line: key.Line}.at(errors.New("the name of a value is a word"))
		}
		e, err := fromYAML(key.Value, n.Content[i+1], depth+1)
		if err != nil {
			return f, err
		}
		e.line = key.Line
		if err := f.add(e); err != nil {
			return f, err
		}
	}
	return f, nil
}

// scalar sets the value to a word, a number, true or false, or nothing.
func (f *field) scalar(n *yaml.Node) error {
	switch tag := n.ShortTag(); tag {
	case "!!null":
	case "!!bool":
		return f.wrap(n.Decode(&f.value))
	case "!!int", "!!float":
		var v float64
		if err := n.Decode(&v); err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return f.at(fmt.Errorf("%.60q is no number that can be worked with", n.Value))
		}
		f.value = v
	case "!!str", "!!timestamp":
		f.value = n.Value
	default:
		return f.at(fmt.Errorf("values of type %.60q are not read", tag))
	}
	return nil
}

func (f *field) wrap(err error) error {
	if err == nil {
		return nil
	}
	return f.at(oneLine(err))
}
