package prep

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// state is a Prep as JSON.
type state struct {
	Options Options           `json:"options"`
	Sparse  bool              `json:"sparse,omitempty"`
	Columns []columnState     `json:"columns"`
	Tensors map[string]packed `json:"tensors,omitempty"`
}

type columnState struct {
	Name   exact           `json:"name"`
	Type   kindred.Type    `json:"type"`
	Width  int             `json:"width,omitempty"` // of a vector
	Note   exact           `json:"note,omitempty"`
	Fitted json.RawMessage `json:"fitted"`
}

// MarshalJSON writes everything, large arrays too. A file with a place for
// arrays does better with State and Tensors.
func (p *Prep) MarshalJSON() ([]byte, error) {
	s, err := p.state()
	if err != nil {
		return nil, err
	}
	for name, data := range p.Tensors() {
		if s.Tensors == nil {
			s.Tensors = map[string]packed{}
		}
		s.Tensors[name] = data
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Prep) UnmarshalJSON(b []byte) error {
	q, err := Restore(b, nil)
	if err == nil {
		*p = *q
	}
	return err
}

// State is p as JSON without its Tensors.
func (p *Prep) State() (json.RawMessage, error) {
	s, err := p.state()
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

func (p *Prep) state() (*state, error) {
	s := &state{Options: p.options, Sparse: p.sparse, Columns: make([]columnState, len(p.fields))}
	for j, f := range p.fields {
		fitted, err := json.Marshal(f.column)
		if err != nil {
			return nil, err
		}
		s.Columns[j] = columnState{exact(f.Name), f.Type, f.Field.Width, exact(f.note), fitted}
	}
	return s, nil
}

// Tensors are the large arrays of p, by names such as 3/idf: those of column
// 3. They may not be changed.
func (p *Prep) Tensors() map[string][]float64 {
	out := map[string][]float64{}
	for j, f := range p.fields {
		for name, data := range f.tensors() {
			out[strconv.Itoa(j)+"/"+name] = data
		}
	}
	return out
}

// Restore makes the Prep again of its State and its Tensors, or of what
// MarshalJSON wrote. What it returns is safe to use, whatever was read.
func Restore(raw []byte, tensors map[string][]float64) (*Prep, error) {
	var s state
	if err := catalog.Decode(&s, raw); err != nil {
		return nil, fmt.Errorf("prep: %w", err)
	}
	if err := s.Options.Check(); err != nil {
		return nil, fmt.Errorf("prep: %w", err)
	}
	p := &Prep{options: s.Options, sparse: s.Sparse, fields: make([]field, len(s.Columns))}
	for j, c := range s.Columns {
		f := &p.fields[j]
		f.Field = kindred.Field{Name: string(c.Name), Type: c.Type, Width: c.Width}
		f.note = string(c.Note)
		arrays := map[string][]float64{}
		for _, name := range []string{"bucket", "idf", "keep", "center", "scale"} {
			key := strconv.Itoa(j) + "/" + name
			if data, ok := tensors[key]; ok {
				arrays[name] = data
			} else if data, ok := s.Tensors[key]; ok {
				arrays[name] = data
			}
		}
		if err := f.decode(s.Options, c.Fitted, arrays); err != nil {
			return nil, fmt.Errorf("prep: column %q: %w", c.Name, err)
		}
		if !p.sparse && f.width() > 0 && mustBeSparse(f.column) {
			return nil, fmt.Errorf("prep: column %q is sparse, the design is not", c.Name)
		}
	}
	if p.Width() > math.MaxInt32 {
		return nil, fmt.Errorf("prep: %d features are too many", p.Width())
	}
	return p, nil
}

func mustBeSparse(c column) bool {
	v, ok := c.(*vector)
	_, isText := c.(*text)
	return isText || ok && v.IsSparse
}

func (f *field) decode(o Options, fitted []byte, tensors map[string][]float64) error {
	switch f.Type {
	case kindred.Numeric:
		f.column = &numbers{}
	case kindred.Categorical:
		f.column = &levels{}
	case kindred.Text:
		f.column = &text{}
	case kindred.Vector:
		f.column = &vector{}
	default:
		return fmt.Errorf("a column of type %v", f.Type)
	}
	if err := catalog.Decode(f.column, fitted); err != nil {
		return err
	}
	return f.restore(o, f.Field, tensors)
}

// exact is a string that keeps its bytes in JSON, also where they are not
// UTF-8.
type exact string

func (e exact) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(e)) {
		return json.Marshal(string(e))
	}
	return json.Marshal([][]byte{[]byte(e)})
}

func (e *exact) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*e = exact(s)
		return nil
	}
	var raw [][]byte
	if err := json.Unmarshal(b, &raw); err != nil || len(raw) != 1 {
		return errors.New("neither a string nor one in base64")
	}
	*e = exact(raw[0])
	return nil
}

// packed is an array as base64 of its numbers, float64 little-endian.
type packed []float64

func (p packed) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 8*len(p))
	for _, v := range p {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

func (p *packed) UnmarshalText(b []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, b)
	if err != nil {
		return err
	}
	if len(raw)%8 != 0 {
		return fmt.Errorf("an array of %d bytes", len(raw))
	}
	*p = make(packed, len(raw)/8)
	for i := range *p {
		(*p)[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return nil
}

// wholes are whole numbers as float64.
func wholes(v []int) []float64 {
	out := make([]float64, len(v))
	for i, n := range v {
		out[i] = float64(n)
	}
	return out
}

// ascending are whole numbers from 0 up, below limit, each larger than the one
// before.
func ascending(v []float64, limit int) ([]int, error) {
	out := make([]int, len(v))
	last := -1.0
	for i, n := range v {
		if !(n > last && n < float64(limit) && n == math.Trunc(n)) {
			return nil, fmt.Errorf("place %v after %v of %d", n, last, limit)
		}
		out[i], last = int(n), n
	}
	return out, nil
}
