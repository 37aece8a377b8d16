// Package report writes a comparison as one HTML file that needs nothing else:
// no network, no other file.
//
//	d := &report.Document{Title: "school.csv", Result: result, Command: "kindred compare school.csv …"}
//	d.Relate(relation, grouping, "training rows of the first split")
//	err := report.Write(w, d)
package report

import (
	_ "embed"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/relate"
)

// A Document is what a report shows. What is nil or empty has no section.
type Document struct {
	Title    string // of the data
	Command  string // that makes the report again
	Made     string // by what, and when
	Table    string // what the data are, in a sentence
	HeldOut  string // how rows were held out, in a sentence
	Warnings []string
	Result   *compare.Result

	// Explained is the method whose fit is looked into, and On the rows that it
	// was fitted to.
	Explained  string
	On         string
	Importance *compare.Importance
	Fit        *kindred.Report // of that fit
	FitTasks   []string        // its tasks

	relations []relation
}

// mostCells is the largest number of tasks whose matrix is drawn.
const mostCells = 300

// A relation is one measure of how the tasks are related, as it is drawn.
type relation struct {
	Measure    string       `json:"measure"`
	Words      string       `json:"words"`
	On         string       `json:"on"`
	Tasks      []string     `json:"tasks"`
	Groups     []int        `json:"groups"`
	Silhouette float64      `json:"silhouette"`
	Points     [][]float64  `json:"points"`           // three numbers a task, or fewer
	Matrix     [][]*float64 `json:"matrix,omitempty"` // in the order of Order
	Order      []int        `json:"order,omitempty"`
	Merges     []merge      `json:"merges,omitempty"`
}

// A merge joins two branches of the tree of the tasks: at places along the order
// of the tasks, and up to a height.
type merge struct {
	A, B   float64 // the places of the two branches
	FromA  float64 // their heights
	FromB  float64
	Height float64
}

// Relate adds what a measure says of the tasks, of these rows.
func (d *Document) Relate(r *relate.Relation, g *relate.Grouping, on string) {
	out := relation{Measure: r.Measure, On: on, Tasks: r.Tasks, Groups: g.Groups, Silhouette: g.Silhouette}
	if part, err := relate.All.Find("measure", r.Measure); err == nil {
		out.Words = part.Words
	}
	for t := range r.Tasks {
		out.Points = append(out.Points, rounded(r.Vectors.Row(t)))
	}
	if r.Matrix != nil && len(r.Tasks) <= mostCells {
		merges := relate.Tree(r)
		out.Order = relate.Order(len(r.Tasks), merges)
		for _, s := range out.Order {
			row := make([]*float64, 0, len(out.Order))
			for _, t := range out.Order {
				row = append(row, cell(r.Matrix.At(s, t)))
			}
			out.Matrix = append(out.Matrix, row)
		}
		out.Merges = branches(len(r.Tasks), out.Order, merges)
	}
	d.relations = append(d.relations, out)
}

// branches places the merges of a tree along the order of its leaves.
func branches(n int, order []int, merges []penalty.Merge) []merge {
	at, height := make([]float64, n), make([]float64, n)
	for place, t := range order {
		at[t] = float64(place)
	}
	var out []merge
	for _, m := range merges {
		out = append(out, merge{A: at[m.A], B: at[m.B], FromA: height[m.A], FromB: height[m.B], Height: round(m.Height)})
		at[m.A], height[m.A] = (at[m.A]+at[m.B])/2, round(m.Height)
	}
	return out
}

// cell is a number of a matrix, nil where nothing is known.
func cell(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	v = round(v)
	return &v
}

// round keeps four digits after the point, which is more than a picture shows.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func rounded(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = round(v[i])
	}
	return out
}

// last are the methods of the last training fraction, single-task first.
func (d *Document) last() []compare.Method {
	all := d.Result.Methods
	train := all[len(all)-1].Train
	return slices.DeleteFunc(slices.Clone(all), func(m compare.Method) bool { return m.Train != train })
}

// method is the one whose gains are shown task by task: what is recommended, a
// search's choice, or what gains most.
func (d *Document) method() *compare.Method {
	methods := d.last()
	best := -1
	for i, m := range methods {
		if i == 0 || m.Gain == nil || m.Gain.Value == nil {
			continue
		}
		if m.Method == "auto" {
			return &methods[i]
		}
		if best < 0 || *m.Gain.Value > *methods[best].Gain.Value {
			best = i
		}
	}
	if a := d.Result.Recommendation; a != nil {
		if i := slices.IndexFunc(methods, func(m compare.Method) bool { return m.Method == a.Method && m.Gain != nil }); i > 0 {
			return &methods[i]
		}
	}
	if best < 0 {
		return nil
	}
	return &methods[best]
}

// sentences are the verdict.
func (d *Document) sentences() []string {
	if a := d.Result.Recommendation; a != nil {
		return a.Sentences
	}
	return []string{"No method has a gain to speak of: single-task learning could not be judged on the rows held out."}
}

// verdict is the verdict in a word or three.
func (d *Document) verdict() string {
	if a := d.Result.Recommendation; a != nil {
		if a.Verdict != "apart" && a.Gain.Verdict == "" {
			return "Little to gain"
		}
		return map[string]string{"together": "Together", "groups": "In groups", "apart": "Apart"}[a.Verdict]
	}
	return "Open"
}

// importance is Importance with numbers as short as they are drawn.
func (d *Document) importance() *compare.Importance {
	if d.Importance == nil {
		return nil
	}
	out := *d.Importance
	out.Shared = rounded(out.Shared)
	out.Each = make([][]float64, len(d.Importance.Each))
	num.For(len(out.Each), func(i int) { out.Each[i] = rounded(d.Importance.Each[i]) })
	return &out
}

// check says what a report cannot be made of.
func (d *Document) check() error {
	if d.Result == nil || len(d.Result.Methods) == 0 {
		return fmt.Errorf("report: there is no method to report")
	}
	return nil
}
