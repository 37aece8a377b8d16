package compare

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// An Importance says how much worse tasks are predicted where a column is
// shuffled among the rows of a task: the rise of the mean loss, relative to the
// loss of saying the same of every row, so that 1 is all that there is to lose;
// where the model's own loss is the larger, relative to that, for the few rows of
// a task may happen to be much alike. Losses are squared errors, and Brier scores of classes (of a model
// without probabilities the share of errors).
//
// Breiman, Random forests, Machine Learning 45, 2001; Fisher, Rudin, Dominici,
// All models are wrong, but many are useful, JMLR 20, 2019.
type Importance struct {
	Columns []string    `json:"columns"` // the most important first
	Shared  []float64   `json:"shared"`  // of each column: the mean over the rows of all tasks
	Tasks   []string    `json:"tasks"`
	Each    [][]float64 `json:"each"` // task × column
	Rows    int         `json:"rows"` // that took part
	// Left counts columns that are not listed: those that a first look at a few
	// rows found least important.
	Left int `json:"left"`
	// Others counts tasks that took no part.
	Others int `json:"others"`
}

// How much takes part.
const (
	importantTasks   = 200
	importantColumns = 30
	importantRows    = 6000
	firstLook        = 600  // rows
	firstColumns     = 2000 // of wider tables the first ones
)

// ImportanceOf measures the columns of a table on rows that the model did not
// see; the model's task k is the set's task tasks[k].
func ImportanceOf(ctx context.Context, model kindred.Model, held *kindred.Set, tasks []int, seed uint64) (*Importance, error) {
	var whose []int // places in tasks
	for k, t := range tasks {
		if len(held.Tasks[t].Rows) > 1 {
			whose = append(whose, k)
		}
	}
	slices.SortStableFunc(whose, func(a, b int) int {
		return cmp.Compare(len(held.Tasks[tasks[b]].Rows), len(held.Tasks[tasks[a]].Rows))
	})
	out := &Importance{Others: len(whose) - min(len(whose), importantTasks)}
	if whose = whose[:min(len(whose), importantTasks)]; len(whose) == 0 {
		return nil, nil
	}
	slices.Sort(whose)
	shuffled := func(rows int, columns []int) ([][]float64, []float64, error) {
		return shuffle(ctx, model, held, tasks, whose, columns, rows, seed, out)
	}
	names := held.Tasks[tasks[whose[0]]].Table.Columns
	all := make([]int, min(len(names), firstColumns))
	for j := range all {
		all[j] = j
	}
	if len(all) > importantColumns {
		each, weight, err := shuffled(firstLook, all)
		if err != nil {
			return nil, err
		}
		all = leading(means(each, weight), all)[:importantColumns]
	}
	each, weight, err := shuffled(importantRows, all)
	if err != nil {
		return nil, err
	}
	out.Left = len(names) - len(all)
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	mean := means(each, weight)
	order = leading(mean, order)
	for _, i := range order {
		out.Columns, out.Shared = append(out.Columns, names[all[i]].Name), append(out.Shared, mean[i])
	}
	for k, row := range each {
		out.Tasks = append(out.Tasks, held.Tasks[tasks[whose[k]]].Name)
		sorted := make([]float64, len(order))
		for i, j := range order {
			sorted[i] = row[j]
		}
		out.Each = append(out.Each, sorted)
	}
	return out, nil
}

// leading are the columns by what they say, the largest first.
func leading(mean []float64, columns []int) []int {
	order := make([]int, len(columns))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(mean[b], mean[a]) })
	for i, at := range order {
		order[i] = columns[at]
	}
	return order
}

// means are over tasks by these weights.
func means(each [][]float64, weight []float64) []float64 {
	mean, total := make([]float64, len(each[0])), num.Sum(weight)
	for t, row := range each {
		num.Axpy(weight[t]/total, row, mean)
	}
	return mean
}

// shuffle measures columns on about so many rows, an equal part of each task's,
// and says how many each task's are.
func shuffle(ctx context.Context, model kindred.Model, held *kindred.Set, tasks, whose, columns []int, rows int, seed uint64, out *Importance) ([][]float64, []float64, error) {
	each, errs := make([][]float64, len(whose)), make([]error, len(whose))
	counts := make([]float64, len(whose))
	num.For(len(whose), func(i int) {
		k := whose[i]
		t := &held.Tasks[tasks[k]]
		h := fnv.New64a()
		h.Write([]byte(t.Name))
		random := rand.New(rand.NewPCG(seed, h.Sum64()))
		places := random.Perm(len(t.Rows))[:min(len(t.Rows), max(2, rows/len(whose)))]
		some := t.Select(places)
		counts[i] = float64(len(places))
		each[i], errs[i] = shuffleTask(ctx, model, &some, k, columns, random)
	})
	out.Rows = int(num.Sum(counts))
	return each, counts, errors.Join(errs...)
}

// shuffleTask is the rise of the loss of one task for each column.
func shuffleTask(ctx context.Context, model kindred.Model, t *kindred.Task, k int, columns []int, random *rand.Rand) ([]float64, error) {
	table := t.Table.Select(t.Rows)
	loss := func(table *kindred.Table) (float64, error) {
		p, err := model.Predict(ctx, table, []int{k})
		if err != nil {
			return 0, err
		}
		return meanLoss(t, &p.Tasks[0]), nil
	}
	base, err := loss(table)
	if err != nil {
		return nil, err
	}
	scale := max(plainLoss(t), base)
	out := make([]float64, len(columns))
	for i, j := range columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		mixed := &kindred.Table{Columns: slices.Clone(table.Columns), Group: table.Group, Time: table.Time}
		one := (&kindred.Table{Columns: table.Columns[j : j+1]}).Select(random.Perm(len(t.Rows)))
		mixed.Columns[j] = one.Columns[0]
		after, err := loss(mixed)
		if err != nil {
			return nil, err
		}
		if scale > 0 {
			out[i] = (after - base) / scale
		}
	}
	return out, nil
}

// meanLoss is that of an outcome on the task's rows.
func meanLoss(t *kindred.Task, o *kindred.Outcome) float64 {
	sum, classes := 0.0, len(t.Label.Classes)
	for i, y := range t.Y() {
		switch {
		case !t.Kind.Classifies():
			sum += (o.Value[i] - y) * (o.Value[i] - y)
		case o.Probability != nil:
			for c, p := range o.Probability[i*classes : (i+1)*classes] {
				if c == int(y) {
					p--
				}
				sum += p * p
			}
		case o.Class[i] != int(y):
			sum++
		}
	}
	return sum / float64(len(t.Rows))
}

// plainLoss is that of what is best to say of every row alike.
func plainLoss(t *kindred.Task) float64 {
	n := float64(len(t.Rows))
	if !t.Kind.Classifies() {
		mean, square := num.Sum(t.Y())/n, 0.0
		for _, y := range t.Y() {
			square += (y - mean) * (y - mean)
		}
		return square / n
	}
	count := make([]float64, len(t.Label.Classes))
	for _, y := range t.Y() {
		count[int(y)]++
	}
	return (n*n - num.Dot(count, count)) / (n * n)
}
