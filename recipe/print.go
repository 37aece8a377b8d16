package recipe

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/prep"
)

// Print writes a recipe file of the method in YAML, with every option that it
// has and what the option says. It is the method of the bare name: options that
// are left empty are as if they were not there.
func Print(method string) (string, error) {
	m, err := find(method)
	if err != nil {
		return "", err
	}
	p := &printer{}
	p.comment(0, m.Name+": "+m.Words)
	p.comment(0, "  "+m.Formula)
	p.comment(0, "Options left empty are as if they were not there. kindred fit FILE --recipe THIS")
	p.line(0, "method: "+m.Name)
	p.comment(0, "what it is called in results; else as this file")
	p.line(0, "name:")
	parts := m.mustParts(m.how.choices()[0])
	for i, part := range parts {
		if m.chooses() != "" && i == len(parts)-1 {
			break // its options stand where it is chosen
		}
		if len(catalog.Options(part)) > 0 {
			p.line(0, "")
		}
		for _, name := range catalog.Options(part) {
			p.option(m, parts, part, name)
		}
	}
	return p.String(), nil
}

// A printer writes YAML.
type printer struct {
	strings.Builder
	seen []string
}

func (p *printer) line(indent int, text string) {
	fmt.Fprintf(p, "%*s%s\n", indent, "", text)
}

// comment writes words in lines of at most 90 characters.
func (p *printer) comment(indent int, words string) {
	row := strings.Repeat(" ", indent) + "#"
	for word := range strings.SplitSeq(words, " ") {
		if utf8.RuneCountInString(row)+1+utf8.RuneCountInString(word) > 90 {
			p.line(0, row)
			row = strings.Repeat(" ", indent) + "#"
		}
		row += " " + word
	}
	p.line(0, row)
}

// option writes one option, once.
func (p *printer) option(m Method, parts []any, part any, name string) {
	if name == "scale" || slices.Contains(p.seen, name) { // scale is among prep
		return
	}
	p.seen = append(p.seen, name)
	p.comment(0, catalog.Words(part, name))
	switch name {
	case "prep":
		p.line(0, name+":")
		p.inside(prep.Options{})
	case m.chooses():
		p.line(0, name+":")
		p.line(2, fmt.Sprintf("name: %v", m.how.choices()[0][name]))
		p.inside(parts[len(parts)-1])
		p.others(m, name)
	default:
		p.line(0, name+":")
	}
}

// inside writes the options of a part in a table.
func (p *printer) inside(part any) {
	for _, name := range catalog.Options(part) {
		p.comment(2, catalog.Words(part, name))
		p.line(2, name+":")
	}
}

// others writes, as comments, the options of the parts that are not chosen.
func (p *printer) others(m Method, option string) {
	for _, choice := range m.how.choices()[1:] {
		parts := m.mustParts(choice)
		own := catalog.Options(parts[len(parts)-1])
		text := fmt.Sprintf("or %v", choice[option])
		if len(own) > 0 {
			text += ", with " + strings.Join(own, ", ")
		}
		p.comment(2, text)
	}
}
