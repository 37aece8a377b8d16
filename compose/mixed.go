package compose

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/sharing"
)

// Mixed is a Model that mixes, for each task, what models of the same tasks
// predict: values and probabilities, in fixed proportions. A task that takes all
// of one model is predicted as by that.
type Mixed struct {
	names    []string // of the parts
	parts    []kindred.Model
	weights  [][]float64 // task × part
	mixtures []kindred.Mixture
	warnings []string
}

// Tasks lists what the models predict.
func (m *Mixed) Tasks() []kindred.TaskInfo { return m.parts[0].Tasks() }

// Schema lists the columns that Predict reads.
func (m *Mixed) Schema() kindred.Schema { return m.parts[0].Schema() }

// Predict asks each model of the tasks that take some of it, once.
func (m *Mixed) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	tasks, err := all(tasks, len(m.weights))
	if err != nil {
		return nil, err
	}
	parts, weights := make([][]kindred.Outcome, len(tasks)), make([][]float64, len(tasks))
	for k, part := range m.parts {
		var asked, to []int
		for i, t := range tasks {
			if m.weights[t][k] > 0 {
				asked, to = append(asked, t), append(to, i)
			}
		}
		if asked == nil {
			continue
		}
		p, err := part.Predict(ctx, rows, asked)
		if err != nil {
			return nil, err
		}
		for j, i := range to {
			parts[i], weights[i] = append(parts[i], p.Tasks[j]), append(weights[i], m.weights[tasks[i]][k])
		}
	}
	infos, out := m.Tasks(), &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	for i, t := range tasks {
		if out.Tasks[i], err = mix(&infos[t], parts[i], weights[i]); err != nil {
			return nil, err
		}
		out.Tasks[i].Task = t
	}
	return out, nil
}

// mix mixes outcomes of a task.
func mix(task *kindred.TaskInfo, parts []kindred.Outcome, weights []float64) (o kindred.Outcome, err error) {
	if len(parts) == 1 {
		return parts[0], nil
	}
	if !task.Kind.Classifies() {
		o.Value = sum(weights, parts, func(o *kindred.Outcome) []float64 { return o.Value })
		o.Variance = variance(weights, parts, o.Value)
		return o, nil
	}
	for k := range parts {
		if parts[k].Probability == nil {
			return o, fmt.Errorf("task %q: a method gives no probabilities, and classes are mixed by them; let it give some, or leave it out", task.Name)
		}
	}
	o.Probability = sum(weights, parts, func(o *kindred.Outcome) []float64 { return o.Probability })
	k := len(task.Classes)
	for i := 0; i < len(o.Probability); i += k {
		o.Class = append(o.Class, largest(o.Probability[i:i+k]))
	}
	return o, nil
}

// sum is the weighted sum of a column of outcomes.
func sum(weights []float64, parts []kindred.Outcome, of func(*kindred.Outcome) []float64) []float64 {
	total := make([]float64, len(of(&parts[0])))
	for k := range parts {
		num.Axpy(weights[k], of(&parts[k]), total)
	}
	return total
}

// variance is that of a mixture of distributions around its mean: the mean of
// the variances and the variance of the means; nil where a part has none.
func variance(weights []float64, parts []kindred.Outcome, mean []float64) []float64 {
	total := make([]float64, len(mean))
	for k := range parts {
		if parts[k].Variance == nil {
			return nil
		}
		for i, v := range parts[k].Variance {
			apart := parts[k].Value[i] - mean[i]
			total[i] += weights[k] * (v + apart*apart)
		}
	}
	return total
}

// largest is the first place of the largest number.
func largest(v []float64) int {
	best, most := 0, math.Inf(-1)
	for i, x := range v {
		if x > most {
			best, most = i, x
		}
	}
	return best
}

// Report gathers the reports of the models that some task takes.
func (m *Mixed) Report() kindred.Report {
	r := together("guarded", m.parts)
	for i := range r.Parts {
		r.Parts[i].Method = m.names[i] + ": " + r.Parts[i].Method
	}
	r.Mixtures, r.Warnings = m.mixtures, append(append([]string(nil), m.warnings...), r.Warnings...)
	if r.Shares = sharing.All(m.Tasks(), 0); r.Shares != nil {
		for t, x := range m.mixtures {
			r.Shares[t].Share = x.Share
		}
	}
	return r
}
