package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/recipe"
)

// newTasks leaves schools out and adds them from a few rows.
func newTasks(ctx context.Context, _ *bench, folder string) (string, error) {
	f, err := data.Read(ctx, data.Options{Path: filepath.Join(folder, "school.csv"), Task: "task", Targets: []string{"y"}})
	if err != nil {
		return "", err
	}
	methods, sizes := []string{"shared-ridge", "mtrl", "embedding", "clustered", "shared-net", "embedding-net"}, []int{5, 10, 20}
	var page strings.Builder
	page.WriteString("\n| method | unseen |")
	for _, n := range sizes {
		fmt.Fprintf(&page, " %d rows |", n)
	}
	page.WriteString("\n| --- | ---: |" + strings.Repeat(" ---: |", len(sizes)) + "\n")
	const draws = 5
	alone := make([]float64, len(sizes))
	for i, name := range methods {
		unseen, added := 0.0, make([]float64, len(sizes))
		for seed := range uint64(draws) {
			l := leaveOut(f.Set, 30, seed)
			got, err := l.try(ctx, name, sizes)
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			unseen += got[0] / draws
			for k := range sizes {
				added[k] += got[k+1] / draws
			}
			for k, n := range sizes {
				if i > 0 {
					break
				}
				one, err := l.alone(ctx, n)
				if err != nil {
					return "", err
				}
				alone[k] += one / draws
			}
		}
		row(&page, name, fmt.Sprintf("%.1f", 100*unseen), added)
	}
	row(&page, "alone", "", alone)
	return page.String(), nil
}

func row(page *strings.Builder, name, first string, values []float64) {
	fmt.Fprintf(page, "| %s | %s |", name, first)
	for _, v := range values {
		fmt.Fprintf(page, " %.1f |", 100*v)
	}
	page.WriteString("\n")
}

// left is a set and tasks left out of it, whose rows are in an order drawn.
type left struct {
	known *kindred.Set
	fresh []kindred.Task
	seed  uint64
}

func leaveOut(s *kindred.Set, n int, seed uint64) *left {
	random := rand.New(rand.NewPCG(seed, 11))
	l := &left{known: &kindred.Set{}, seed: seed}
	for i, t := range random.Perm(len(s.Tasks)) {
		task := s.Tasks[t]
		if i < n {
			l.fresh = append(l.fresh, task.Select(random.Perm(len(task.Rows))))
		} else {
			l.known.Tasks = append(l.known.Tasks, task)
		}
	}
	return l
}

// tested is the place from which on rows are predicted: the same for all sizes.
const tested = 20

// try is the explained variance without rows and from each number of them.
func (l *left) try(ctx context.Context, name string, sizes []int) ([]float64, error) {
	method, err := recipe.Parse(name, []kindred.Kind{kindred.Regression}, l.seed)
	if err != nil {
		return nil, err
	}
	model, err := method.Fit(ctx, l.known)
	if err != nil {
		return nil, err
	}
	out := make([]float64, 1+len(sizes))
	for k := range out {
		var e explainedVariance
		for i := range l.fresh {
			task := l.fresh[i]
			var more kindred.Model
			if k == 0 {
				more, err = compose.Unseen(model, task.Info())
			} else {
				more, err = compose.Add(ctx, model, task.Select(places(0, min(sizes[k-1], len(task.Rows)))))
			}
			if err != nil {
				return nil, err
			}
			if err := e.predict(ctx, more, len(l.known.Tasks), &task); err != nil {
				return nil, err
			}
		}
		out[k] = e.value()
	}
	return out, nil
}

// alone is that of the new tasks by themselves, from n rows each.
func (l *left) alone(ctx context.Context, n int) (float64, error) {
	method, err := recipe.Parse("single-task", []kindred.Kind{kindred.Regression}, l.seed)
	if err != nil {
		return 0, err
	}
	s := &kindred.Set{}
	for i := range l.fresh {
		s.Tasks = append(s.Tasks, l.fresh[i].Select(places(0, min(n, len(l.fresh[i].Rows)))))
	}
	model, err := method.Fit(ctx, s)
	if err != nil {
		return 0, err
	}
	var e explainedVariance
	for i := range l.fresh {
		if err := e.predict(ctx, model, i, &l.fresh[i]); err != nil {
			return 0, err
		}
	}
	return e.value(), nil
}

func places(lo, hi int) []int {
	var out []int
	for i := lo; i < hi; i++ {
		out = append(out, i)
	}
	return out
}

// explainedVariance is that of the rows of all tasks together.
type explainedVariance struct{ n, sum, square, wrong float64 }

func (e *explainedVariance) predict(ctx context.Context, model kindred.Model, place int, task *kindred.Task) error {
	if len(task.Rows) <= tested {
		return nil
	}
	rest := task.Select(places(tested, len(task.Rows)))
	p, err := model.Predict(ctx, rest.Table.Select(rest.Rows), []int{place})
	if err != nil {
		return err
	}
	for i, y := range rest.Y() {
		d := p.Tasks[0].Value[i] - y
		e.n, e.sum, e.square, e.wrong = e.n+1, e.sum+y, e.square+y*y, e.wrong+d*d
	}
	return nil
}

func (e *explainedVariance) value() float64 { return 1 - e.wrong/(e.square-e.sum*e.sum/e.n) }
