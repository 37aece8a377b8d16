package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// maxIndex is the largest index of a feature.
const maxIndex = 1 << 27

// An SVMlight file has a row a line:
//
//	label [task:name] [qid:number] index:value index:value …  # comment
//
// Its features are one sparse column, called x where indices count from 1 and
// x0 where the index 0 occurs, so that a model remembers how its features are
// counted. The target is called y. A task: or else a qid: on every line names
// the row's task. Labels joined by commas make the file multi-label: each
// label is a binary target of its own. A line without a label, or with ?, is
// a row without one.
//
// Thorsten Joachims, "Making large-scale SVM learning practical", in Advances
// in Kernel Methods, 1999 (the program SVMlight), with the task mark added.
type svmlight struct {
	Options
	file  *File
	label []string // of each row, as written
	task  []string // of each row; "" where it has none
	query []string
	ptr   []int // as in num.NewSparse
	index []int32
	value []float64
	low   int32 // the smallest and the largest index
	high  int32
}

func parseSVMlight(ctx context.Context, text string, o Options) (*File, error) {
	s := &svmlight{Options: o, file: &File{Name: o.name()}, ptr: []int{0}, low: math.MaxInt32, high: -1}
	if err := s.check(); err != nil {
		return nil, err
	}
	for line, n := "", 1; text != ""; n++ {
		line, text = cut(text)
		if err := s.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if len(s.label) == 0 {
		return nil, errors.New("the file has no row")
	}
	for _, step := range []func() error{s.table, s.tasks} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.file, nil
}

// check refuses options that need columns.
func (s *svmlight) check() error {
	if s.Weight != "" || s.Group != "" || s.Time != "" || s.Split != "" || s.Drop != nil || s.Keep != nil || len(s.Types) > 0 {
		return errors.New("an SVMlight file has no named columns: weight, group, time, split, drop, keep and types need a CSV file")
	}
	if s.Task != "" && s.Task != "task" && s.Task != "qid" {
		return catalog.Unknown("mark of tasks", s.Task, []string{"task", "qid"})
	}
	if s.Schema != nil && (len(s.Schema) != 1 || s.Schema[0].Type != kindred.Vector) {
		return fmt.Errorf("the model reads the columns %s; give a CSV file that has them", some(s.Schema.Names()))
	}
	return nil
}

// line reads a row, or nothing where there is only a comment.
func (s *svmlight) line(line string) error {
	if i := strings.IndexByte(line, '#'); i >= 0 {
		line = line[:i]
	}
	token, rest := next(line)
	if token == "" {
		return nil
	}
	label, task, query := "", "", ""
	if strings.IndexByte(token, ':') < 0 {
		label = token
		token, rest = next(rest)
	}
	start, sorted := len(s.index), true
	for ; token != ""; token, rest = next(rest) {
		if name, ok := strings.CutPrefix(token, "task:"); ok {
			task = name
			continue
		}
		if name, ok := strings.CutPrefix(token, "qid:"); ok {
			query = name
			continue
		}
		if err := s.feature(token); err != nil {
			return err
		}
		n := len(s.index)
		sorted = sorted && (n == start+1 || s.index[n-2] < s.index[n-1])
	}
	if !sorted {
		if err := s.sort(start); err != nil {
			return err
		}
	}
	s.label, s.task, s.query = append(s.label, label), append(s.task, task), append(s.query, query)
	s.ptr = append(s.ptr, len(s.index))
	return nil
}

// next takes the first word off a line.
func next(s string) (token, rest string) {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	end := i
	for end < len(s) && s[end] != ' ' && s[end] != '\t' && s[end] != '\r' {
		end++
	}
	return s[i:end], s[end:]
}

// feature reads index:value.
func (s *svmlight) feature(token string) error {
	index, i := 0, 0
	for i < len(token) && token[i]-'0' <= 9 && index <= maxIndex {
		index = index*10 + int(token[i]-'0')
		i++
	}
	switch {
	case index > maxIndex:
		return fmt.Errorf("%q: the largest index read is %d", short(token), maxIndex)
	case i == 0 || i == len(token) || token[i] != ':':
		return fmt.Errorf("%q is not a feature; write index:value, as in 3:0.5", short(token))
	}
	v, ok := number(token[i+1:])
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q: the value is not a finite number; leave the feature out where it is unknown", short(token))
	}
	s.index, s.value = append(s.index, int32(index)), append(s.value, v)
	s.low, s.high = min(s.low, int32(index)), max(s.high, int32(index))
	return nil
}

// pairs sorts a row by index.
type pairs struct {
	index []int32
	value []float64
}

func (p pairs) Len() int           { return len(p.index) }
func (p pairs) Less(i, j int) bool { return p.index[i] < p.index[j] }
func (p pairs) Swap(i, j int) {
	p.index[i], p.index[j] = p.index[j], p.index[i]
	p.value[i], p.value[j] = p.value[j], p.value[i]
}

// sort puts the features of the last row in order.
func (s *svmlight) sort(start int) error {
	sort.Stable(pairs{s.index[start:], s.value[start:]})
	for k := start + 1; k < len(s.index); k++ {
		if s.index[k] == s.index[k-1] {
			return fmt.Errorf("the index %d stands twice; give each feature one value", s.index[k])
		}
	}
	return nil
}

// table makes the column of features.
func (s *svmlight) table() error {
	base, name := int32(1), "x"
	if s.low == 0 {
		base, name = 0, "x0"
	}
	width := int(s.high-base) + 1
	if s.Schema != nil {
		if s.Schema[0].Name == "x" && s.low == 0 {
			return errors.New("the index 0 occurs, and the model counts features from 1")
		}
		if name, width = s.Schema[0].Name, s.Schema[0].Width; name == "x0" {
			base = 0
		}
		s.forget(int32(width) + base)
	}
	if width <= 0 {
		return errors.New("no row has a feature; write index:value behind the labels")
	}
	for k := range s.index {
		s.index[k] -= base
	}
	column := kindred.Column{Name: name, Type: kindred.Vector, Vector: num.NewSparse(width, s.ptr, s.index, s.value)}
	s.file.Table = &kindred.Table{Columns: []kindred.Column{column}}
	s.file.Columns = []ColumnInfo{{
		Name: name, Role: "feature", Type: "vector",
		Note: fmt.Sprintf("%d wide, counted from %d; %d numbers are stored", width, base, len(s.value)),
	}}
	return nil
}

// forget drops features from index end up, which a model has not seen.
func (s *svmlight) forget(end int32) {
	if s.high < end {
		return
	}
	kept, from := 0, 0
	for i := range s.label {
		to := s.ptr[i+1]
		for k := from; k < to; k++ {
			if s.index[k] < end {
				s.index[kept], s.value[kept] = s.index[k], s.value[k]
				kept++
			}
		}
		from, s.ptr[i+1] = to, kept
	}
	s.file.Warnings = append(s.file.Warnings, fmt.Sprintf("%d numbers of features beyond those the model was learned on are ignored", len(s.index)-kept))
	s.index, s.value = s.index[:kept], s.value[:kept]
}

// tasks makes the Set of the labels. Without a model, all are targets.
func (s *svmlight) tasks() error {
	b := &builder{Options: s.Options, file: s.file}
	var err error
	if b.task, err = s.taskOf(); err != nil {
		return err
	}
	targets, err := s.targets()
	if err != nil {
		return err
	}
	names := make([]string, len(targets))
	for k, t := range targets {
		names[k] = t.name
	}
	if s.Targets == nil && s.Schema == nil {
		s.Targets = names
	}
	for _, name := range s.Targets {
		k := slices.Index(names, name)
		if k < 0 {
			return catalog.Unknown("target", name, names)
		}
		b.targets = append(b.targets, targets[k])
	}
	if err := checkKinds(s.Options, s.Targets); err != nil {
		return err
	}
	s.describe(b)
	if len(b.targets) == 0 {
		return nil
	}
	return b.build()
}

// taskOf reads the marks of tasks; nil where there are none.
func (s *svmlight) taskOf() (*levels, error) {
	mark, names := s.Task, s.task
	empty := func(name string) bool { return name == "" }
	if mark == "" {
		if mark = "task"; !slices.ContainsFunc(s.task, func(name string) bool { return name != "" }) {
			mark = "qid"
		}
	}
	if mark == "qid" {
		names = s.query
	}
	l := newLevels(names, empty)
	if len(l.names) == 0 && s.Task == "" {
		return nil, nil
	}
	if i := slices.Index(l.code, -1); i >= 0 {
		return nil, fmt.Errorf("row %d has no %s: mark; name the task of every row or of none", i+1, mark)
	}
	return l, nil
}

// targets are y, or each label of a file where rows have several.
func (s *svmlight) targets() ([]target, error) {
	if !slices.ContainsFunc(s.label, func(l string) bool { return strings.Contains(l, ",") }) {
		t := target{name: "y", cells: cells{number: make([]float64, len(s.label)), text: make([]string, len(s.label)), bad: -1}}
		for i, label := range s.label {
			if !t.cells.put(i, label) && t.cells.bad < 0 {
				t.cells.bad = i
			}
		}
		if t.cells.bad >= 0 {
			t.levels = newLevels(t.cells.text, missing)
		}
		return []target{t}, nil
	}
	return s.multilabel()
}

// multilabel makes a target of 0 and 1 of each label, in their order.
func (s *svmlight) multilabel() ([]target, error) {
	place := map[string]int{}
	var names []string
	for i, labels := range s.label {
		for label := range strings.SplitSeq(labels, ",") {
			if _, ok := place[label]; !ok && label != "" {
				place[label] = len(names)
				names = append(names, strings.Clone(label))
			}
		}
		if len(names) > maxLevels {
			return nil, fmt.Errorf("row %d has label number %d; up to %d distinct ones are read", i+1, len(names), maxLevels)
		}
	}
	targets := make([]target, len(names))
	for k, name := range names {
		targets[k] = target{name: name, cells: newCells(len(s.label), []int{asNumber | asText})[0]}
		for i := range s.label {
			targets[k].cells.text[i] = "0"
		}
	}
	for i, labels := range s.label {
		for label := range strings.SplitSeq(labels, ",") {
			if k, ok := place[label]; ok {
				targets[k].cells.put(i, "1")
			}
		}
	}
	slices.SortFunc(targets, func(a, b target) int {
		x, xok := number(a.name)
		y, yok := number(b.name)
		if xok && yok && x != y {
			return cmp.Compare(x, y)
		}
		return strings.Compare(a.name, b.name)
	})
	return targets, nil
}

// describe fills in what the file says of its rows besides the features.
func (s *svmlight) describe(b *builder) {
	s.file.Header = []string{"y"}
	if b.task != nil {
		s.file.TaskOf = b.task.each()
		s.file.Header = []string{"task", "y"}
		s.file.Columns = append(s.file.Columns, ColumnInfo{Name: "task", Role: "task", Type: "categorical", Distinct: len(b.task.names)})
	}
	for _, t := range b.targets {
		info := ColumnInfo{Name: t.name, Role: "target"}
		if t.levels == nil {
			sum := summarize(t.cells.number)
			info.Missing, info.Distinct = sum.missing, sum.distinct
		} else {
			g := lookLevels(t.cells.text, t.levels)
			info.Missing, info.Distinct = g.missing, g.distinct
		}
		s.file.Columns = append(s.file.Columns, info)
	}
	if !s.KeepRecords {
		return
	}
	rows := &quoted{}
	for i, label := range s.label {
		record := []string{label}
		if b.task != nil {
			record = []string{s.file.TaskOf[i], label}
		}
		rows.lines = append(rows.lines, record)
	}
	s.file.sheet = rows
}
