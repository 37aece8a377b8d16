package recipe

import (
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
)

// sought are what a search tries, in this order: what is quick and often best
// comes first. A method on a line of its own kind of table is left out of
// others.
var sought = []struct {
	recipe string
	family compare.Family
	on     func(size) bool // nil: any set
}{
	{"single-task", compare.Apart, nil},
	{"pooled", compare.Together, nil},
	{"shared-ridge", compare.Together, nil},
	{"adaptive", compare.Together, size.plain},
	{"trace", compare.Together, size.plain},
	{"clustered", compare.Groups, size.plain},
	{"guarded", compare.Guarded, nil},
	{"joint-lasso", compare.Together, size.plain},
	{"mtrl", compare.Together, size.plain},
	{"shared-net:sizes=1", compare.Together, nil},
	{"tree", compare.Together, size.plain},
	{"grouped", compare.Groups, size.plain},
	{"embedding-net:sizes=1", compare.Together, nil},
	{"gp", compare.Together, size.tiny},
	{"kernel-ridge", compare.Together, size.small},
	{"hierarchy-net:sizes=1", compare.Together, nil},
	{"shared-net:sizes=1,weighting=uncertainty", compare.Together, nil},
	{"shared-net:sizes=1,weighting=pcgrad", compare.Together, nil},
	{"joint-elastic-net", compare.Together, size.plain},
	{"conditioned-net:sizes=1", compare.Together, nil},
	{"mmoe:sizes=1", compare.Together, nil},
}

// A size is what tells which methods are worth a trial.
type size struct {
	labels int
	wide   bool // text or other columns of many numbers
}

func (s size) plain() bool { return !s.wide }
func (s size) small() bool { return !s.wide && s.labels <= 10_000 }
func (s size) tiny() bool  { return !s.wide && s.labels <= 2_000 }

// Sought names what a search may try.
func Sought() []string {
	var list []string
	for _, s := range sought {
		list = append(list, s.recipe)
	}
	return list
}

// Candidates are what a search tries on a set: methods that take its kinds of
// tasks and suit its size.
func Candidates(set *kindred.Set, seed uint64, known ...Structure) ([]compare.Candidate, error) {
	var kinds []kindred.Kind
	var of size
	for i := range set.Tasks {
		kinds = append(kinds, set.Tasks[i].Kind)
		of.labels += len(set.Tasks[i].Rows)
	}
	for _, table := range set.Tables() {
		of.wide = of.wide || slices.ContainsFunc(table.Columns, func(c kindred.Column) bool { return c.Type == kindred.Text || c.Type == kindred.Vector })
	}
	var list []compare.Candidate
	for _, s := range sought {
		m, err := find(strings.SplitN(s.recipe, ":", 2)[0])
		if err != nil {
			return nil, err
		}
		if s.on != nil && !s.on(of) || slices.ContainsFunc(kinds, func(k kindred.Kind) bool { return !m.Takes(k) }) {
			continue
		}
		method, err := Parse(s.recipe, kinds, seed, known...)
		if err != nil {
			return nil, err
		}
		list = append(list, compare.Candidate{Entrant: compare.Entrant{Name: s.recipe, Method: method}, Family: s.family})
	}
	return list, nil
}
