package compare

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"math"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/score"
)

// A searchState is a search as it is kept: what it is of, and the trials that
// ended. Numbers are little-endian float64 in base64, so that what is read is
// what was written.
type searchState struct {
	Schema  string       `json:"schema"` // kindred.search/1
	Print   string       `json:"fingerprint"`
	Seconds float64      `json:"seconds"` // of the budget
	Done    []keptMethod `json:"done"`
}

type keptMethod struct {
	Name  string        `json:"name"`
	Note  string        `json:"note,omitempty"`
	Folds [][]keptTrial `json:"folds"` // of each plan
}

type keptTrial struct {
	Seconds  float64    `json:"seconds"`
	Warnings []string   `json:"warnings,omitempty"`
	Groups   []int      `json:"groups,omitempty"`
	Share    packed     `json:"share,omitempty"`
	Loss     packed     `json:"loss"` // one number
	Inner    packed     `json:"inner"`
	Tasks    []keptTask `json:"tasks"`
}

// A keptTask is what was predicted of a task's test rows.
type keptTask struct {
	Value       packed `json:"value,omitempty"`
	Variance    packed `json:"variance,omitempty"`
	Low         packed `json:"low,omitempty"`
	High        packed `json:"high,omitempty"`
	Class       []int  `json:"class,omitempty"`
	Probability packed `json:"probability,omitempty"`
	Decision    packed `json:"decision,omitempty"`
}

const searchSchema = "kindred.search/1"

// packed are numbers to the last bit.
type packed []float64

// MarshalText packs.
func (p packed) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 8*len(p))
	for _, v := range p {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText unpacks.
func (p *packed) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%8 != 0 {
		return errors.New("numbers that are none")
	}
	for ; len(raw) > 0; raw = raw[8:] {
		*p = append(*p, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return nil
}

// ErrResume is what is wrong with Auto.Resume.
var ErrResume = errors.New("not a search that can go on")

// state is the search so far.
func (s *search) state(spent time.Duration) []byte {
	out := searchState{Schema: searchSchema, Print: s.print, Seconds: spent.Seconds()}
	for _, c := range s.done {
		kept := keptMethod{Name: c.Name, Note: c.note}
		for _, trials := range c.trials {
			var folds []keptTrial
			for i := range trials {
				if c.note == "" {
					folds = append(folds, keep(&trials[i]))
				}
			}
			kept.Folds = append(kept.Folds, folds)
		}
		out.Done = append(out.Done, kept)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		panic(err) // of plain structs
	}
	return raw
}

func keep(t *trial) keptTrial {
	k := keptTrial{Seconds: t.seconds, Warnings: t.warnings, Groups: t.groups, Loss: packed{t.loss}, Inner: t.inner}
	if t.share != nil {
		k.Share = packed{*t.share}
	}
	for _, c := range t.cells {
		k.Tasks = append(k.Tasks, keptTask{c.Out.Value, c.Out.Variance, c.Out.Low, c.Out.High, c.Out.Class, c.Out.Probability, c.Out.Decision})
	}
	return k
}

// restore takes up the trials of Resume.
func (s *search) restore() error {
	if s.Resume == nil {
		return nil
	}
	var in searchState
	if err := json.Unmarshal(s.Resume, &in); err != nil || in.Schema != searchSchema {
		return fmt.Errorf("%w: it is none, or a part of one; remove it, or name another file", ErrResume)
	}
	if in.Print != s.print {
		return fmt.Errorf("%w: it is of other rows, columns, splits, candidates or another seed; remove it, or name another file", ErrResume)
	}
	for i, kept := range in.Done {
		if i >= len(s.Candidates) {
			break
		}
		c, err := s.take(s.Candidates[i], &kept)
		if err != nil {
			return fmt.Errorf("%w: trial %d has %w; remove it, or name another file", ErrResume, i+1, err)
		}
		s.done = append(s.done, c)
	}
	if in.Seconds > 0 && in.Seconds < math.MaxInt64/1e9 {
		s.spent = time.Duration(in.Seconds * float64(time.Second))
	}
	return nil
}

// take is a candidate as it was kept, checked against the rows that it predicts.
func (s *search) take(c Candidate, kept *keptMethod) (candidacy, error) {
	out := candidacy{Candidate: c, note: kept.Note, trials: make([][]trial, len(s.plans))}
	if kept.Name != c.Name || len(kept.Folds) != len(s.plans) {
		return out, fmt.Errorf("%q on %d plans in the place of %q", kept.Name, len(kept.Folds), c.Name)
	}
	for p, plan := range s.plans {
		out.trials[p] = make([]trial, len(plan.Folds))
		if out.note != "" {
			continue
		}
		if len(kept.Folds[p]) != len(plan.Folds) {
			return out, fmt.Errorf("%d folds of %d", len(kept.Folds[p]), len(plan.Folds))
		}
		for f := range plan.Folds {
			t, err := kept.Folds[p][f].trial(s.set.Select(plan.Folds[f].Test))
			if err != nil {
				return out, err
			}
			out.trials[p][f] = t
		}
	}
	return out, nil
}

// trial is a trial as it was kept, on these test rows.
func (k *keptTrial) trial(test *kindred.Set) (trial, error) {
	t := trial{seconds: k.Seconds, warnings: k.Warnings, groups: k.Groups, inner: k.Inner, cells: make([]score.Cell, len(test.Tasks))}
	if len(k.Tasks) != len(test.Tasks) || len(k.Loss) != 1 || len(k.Share) > 1 || k.Groups != nil && len(k.Groups) != len(test.Tasks) {
		return t, fmt.Errorf("%d tasks of %d", len(k.Tasks), len(test.Tasks))
	}
	if t.loss = k.Loss[0]; len(k.Share) == 1 {
		t.share = &k.Share[0]
	}
	for i, from := range k.Tasks {
		task := &test.Tasks[i]
		t.cells[i] = score.Cell{Info: task.Info(), Y: task.Y(), Weight: task.Weight, Out: kindred.Outcome{
			Value: from.Value, Variance: from.Variance, Low: from.Low, High: from.High, Class: from.Class, Probability: from.Probability, Decision: from.Decision,
		}}
		if err := fits(&t.cells[i]); err != nil {
			return t, err
		}
		for _, c := range from.Class {
			if c < 0 || c >= len(task.Label.Classes) {
				return t, fmt.Errorf("class %d of %d", c, len(task.Label.Classes))
			}
		}
	}
	return t, nil
}

// fingerprint tells one search from another: rows, columns, splits, candidates
// and seed.
func fingerprint(set *kindred.Set, o *Options) string {
	p := printer{sha256.New()}
	p.words(searchSchema, o.Metric)
	p.numbers(float64(o.Seed>>32), float64(uint32(o.Seed)))
	for _, table := range set.Tables() {
		p.table(table)
	}
	for i := range set.Tasks {
		t := &set.Tasks[i]
		p.words(t.Name, t.Kind.String(), t.Label.Target)
		p.words(t.Label.Classes...)
		p.places(t.Rows)
		p.numbers(t.Weight...)
		for _, c := range t.Label.Columns {
			p.numbers(c...)
		}
	}
	for _, plan := range o.Plans {
		p.numbers(plan.Fraction)
		for _, f := range plan.Folds {
			for t := range f.Train {
				p.places(f.Train[t])
				p.places(f.Test[t])
			}
		}
	}
	for _, c := range o.Auto.Candidates {
		p.words(c.Name, string(c.Family))
	}
	return hex.EncodeToString(p.Sum(nil))
}

// A printer takes a fingerprint. Each list is headed by its length.
type printer struct{ hash.Hash }

func (p printer) words(list ...string) {
	p.places([]int{len(list)})
	for _, s := range list {
		p.places([]int{len(s)})
		p.Write([]byte(s))
	}
}

func (p printer) numbers(list ...float64) {
	raw := binary.LittleEndian.AppendUint64(nil, uint64(len(list)))
	for _, v := range list {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	p.Write(raw)
}

func (p printer) places(list []int) {
	raw := binary.LittleEndian.AppendUint64(nil, uint64(len(list)))
	for _, v := range list {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	p.Write(raw)
}

func (p printer) table(t *kindred.Table) {
	p.places(t.Group)
	p.numbers(t.Time...)
	for _, c := range t.Columns {
		p.words(c.Name, c.Type.String())
		p.words(c.Level...)
		p.words(c.Text...)
		p.numbers(c.Number...)
		codes := make([]int, len(c.Code))
		for i, v := range c.Code {
			codes[i] = int(v)
		}
		p.places(codes)
		for r := 0; c.Vector != nil && r < c.Vector.Rows; r++ {
			index, value := c.Vector.Row(r)
			at := make([]int, len(index))
			for i, v := range index {
				at[i] = int(v)
			}
			p.places(at)
			p.numbers(value...)
		}
	}
}
