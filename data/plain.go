package data

import (
	"context"
	"strings"

	"github.com/kindred-mtl/kindred/num"
)

// partSize is about how much text one worker scans at a time.
const partSize = 1 << 20

// plain is a sheet without a quote: cells are what lies between separators,
// so that pieces of the text can be scanned side by side. It reads what
// encoding/csv reads: blank lines are no rows, and \r\n ends a line as \n does.
type plain struct {
	named
	comma byte
	text  string // below the header
	parts []part
	n     int
}

// A part is a piece of whole lines of the text.
type part struct {
	text  string
	row   int // rows before it
	rows  int
	line  int // lines before it
	lines int
}

func newPlain(ctx context.Context, text string, comma byte) (*plain, error) {
	p := &plain{comma: comma, text: text}
	header, line := "", 0
	for header == "" {
		if p.text == "" {
			return nil, errEmpty
		}
		header, p.text = cut(p.text)
		line++
	}
	var err error
	if p.named, err = newNamed(strings.Split(header, string(rune(comma)))); err != nil {
		return nil, err
	}
	for rest := p.text; rest != ""; {
		end := min(partSize, len(rest))
		if i := strings.IndexByte(rest[end:], '\n'); i >= 0 {
			end += i + 1
		} else {
			end = len(rest)
		}
		p.parts = append(p.parts, part{text: rest[:end]})
		rest = rest[end:]
	}
	num.For(len(p.parts), func(k int) { p.parts[k].count() })
	for k := range p.parts {
		q := &p.parts[k]
		q.row, q.line = p.n, line
		p.n, line = p.n+q.rows, line+q.lines
	}
	if p.n == 0 {
		return nil, errNoRows
	}
	return p, ctx.Err()
}

// cut takes the first line off s, without its end.
func cut(s string) (line, rest string) {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		line, rest = s[:i], s[i+1:]
	} else {
		line = s
	}
	if n := len(line) - 1; n >= 0 && line[n] == '\r' {
		line = line[:n]
	}
	return line, rest
}

func (q *part) count() {
	for s, line := q.text, ""; s != ""; q.lines++ {
		if line, s = cut(s); line != "" {
			q.rows++
		}
	}
}

func (p *plain) rows() int { return p.n }

func (p *plain) columns(ctx context.Context, want []int) ([]cells, error) {
	out := newCells(p.n, want)
	bad, errs := make([]map[int]int, len(p.parts)), make([]error, len(p.parts))
	num.For(len(p.parts), func(k int) {
		if errs[k] = ctx.Err(); errs[k] == nil {
			bad[k], errs[k] = p.scan(p.parts[k], out)
		}
	})
	for k := range p.parts {
		if errs[k] != nil {
			return nil, errs[k]
		}
		for j, row := range bad[k] {
			if out[j].bad < 0 {
				out[j].bad = row
			}
		}
	}
	return out, nil
}

// scan reads the rows of a part into the columns, and tells of each column
// the first row whose cell should be a number and is not.
func (p *plain) scan(q part, out []cells) (bad map[int]int, err error) {
	row, lines, line := q.row, 0, ""
	for s := q.text; s != ""; lines++ {
		if line, s = cut(s); line == "" {
			continue
		}
		if !p.scanLine(line, row, out, &bad) {
			return nil, ragged(q.line+lines+1, row, strings.Count(line, string(rune(p.comma)))+1, len(out))
		}
		row++
	}
	return bad, nil
}

// scanLine reads one row. It is false where the row has more or fewer cells
// than there are columns.
func (p *plain) scanLine(line string, row int, out []cells, bad *map[int]int) bool {
	at := 0 // where the next cell begins; len(line)+1 behind the last one
	for j := range out {
		if at > len(line) {
			return false
		}
		c := &out[j]
		if c.number != nil && c.text == nil {
			v, end := decimal(line, at)
			if end == len(line) || end >= 0 && line[end] == p.comma {
				c.number[row], at = v, end+1
				continue
			}
		}
		end := strings.IndexByte(line[at:], p.comma)
		if end < 0 {
			end = len(line)
		} else {
			end += at
		}
		if !c.put(row, line[at:end]) {
			if *bad == nil {
				*bad = map[int]int{}
			}
			if _, ok := (*bad)[j]; !ok {
				(*bad)[j] = row
			}
		}
		at = end + 1
	}
	return at == len(line)+1
}

func (p *plain) pieces() int { return len(p.parts) }

func (p *plain) piece(b []byte, k int, comma byte, end func([]byte, int) []byte) []byte {
	row := p.parts[k].row
	for s, line := p.parts[k].text, ""; s != ""; {
		if line, s = cut(s); line == "" {
			continue
		}
		if comma == p.comma {
			b = append(b, line...)
		} else {
			b = appendRow(b, strings.Split(line, string(rune(p.comma))), comma)
		}
		b = end(b, row)
		row++
	}
	return b
}

func (p *plain) records() [][]string { return p.head(p.n) }

func (p *plain) head(n int) [][]string {
	n = min(n, p.n)
	out := make([][]string, 0, n)
	for s, line := p.text, ""; len(out) < n; {
		if line, s = cut(s); line != "" {
			out = append(out, strings.Split(line, string(rune(p.comma))))
		}
	}
	return out
}
