package penalty

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseNewick reads a tree of tasks such as
//
//	((north, south):2, 'east (new)', west);
//
// A node is a name, or nodes in parentheses and perhaps a name; a colon and a
// length may follow. Names with blanks or any of ()[]':;, stand in quotes, a
// quote in them twice; comments in brackets. Underscores are kept. What stands
// behind the closing parenthesis of an inner node names it, to no effect.
//
// Felsenstein et al., The Newick tree format, 1986.
func ParseNewick(text string) (*Node, error) {
	p := &newick{text: text}
	root, err := p.node(0)
	if err != nil {
		return nil, err
	}
	if p.skip(); p.peek() == ';' {
		p.at++
	}
	if p.skip(); p.at < len(text) {
		return nil, p.wrong("%q follows the tree, which ends with a semicolon", text[p.at:min(len(text), p.at+20)])
	}
	return root, nil
}

// newick is where the reader stands.
type newick struct {
	text string
	at   int
}

// deepest is how many parentheses may be open.
const deepest = 1000

func (p *newick) wrong(format string, args ...any) error {
	line := 1 + strings.Count(p.text[:p.at], "\n")
	column := p.at - strings.LastIndex(p.text[:p.at], "\n")
	return fmt.Errorf("line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
}

// skip passes over blanks and comments.
func (p *newick) skip() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		case '[':
			end := strings.IndexByte(p.text[p.at:], ']')
			if end < 0 {
				return
			}
			p.at += end + 1
		default:
			return
		}
	}
}

// peek is the next byte, or 0 at the end.
func (p *newick) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *newick) node(depth int) (*Node, error) {
	n := &Node{}
	if depth > deepest {
		return nil, p.wrong("more than %d parentheses are open", deepest)
	}
	if p.skip(); p.peek() == '(' {
		if err := p.children(n, depth); err != nil {
			return nil, err
		}
	}
	var err error
	if n.Name, err = p.name(); err != nil {
		return nil, err
	}
	if n.Name == "" && n.Children == nil {
		return nil, p.wrong("a task or an opening parenthesis is wanted")
	}
	if p.skip(); p.peek() == ':' {
		p.at++
		n.Length, err = p.length()
	}
	return n, err
}

func (p *newick) children(n *Node, depth int) error {
	for {
		p.at++ // the parenthesis or comma
		child, err := p.node(depth + 1)
		if err != nil {
			return err
		}
		n.Children = append(n.Children, child)
		switch p.skip(); p.peek() {
		case ',':
		case ')':
			p.at++
			return nil
		default:
			return p.wrong("a comma or a closing parenthesis is wanted")
		}
	}
}

func (p *newick) name() (string, error) {
	if p.skip(); p.peek() != '\'' {
		end := strings.IndexAny(p.text[p.at:], " \t\r\n()[]':;,")
		if end < 0 {
			end = len(p.text) - p.at
		}
		p.at += end
		return p.text[p.at-end : p.at], nil
	}
	var name strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		if p.text[i] != '\'' {
			name.WriteByte(p.text[i])
			continue
		}
		if i+1 < len(p.text) && p.text[i+1] == '\'' {
			name.WriteByte('\'')
			i++
			continue
		}
		p.at = i + 1
		return name.String(), nil
	}
	return "", p.wrong("the quote is not closed")
}

func (p *newick) length() (float64, error) {
	p.skip()
	end := strings.IndexAny(p.text[p.at:], " \t\r\n()[]':;,")
	if end < 0 {
		end = len(p.text) - p.at
	}
	word := p.text[p.at : p.at+end]
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || !(v > 0 && v <= math.MaxFloat64) {
		return 0, p.wrong("%q is no length of a branch, which is a positive number", word)
	}
	p.at += end
	return v, nil
}
