package compare

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/split"
)

// level is the chance of a verdict where there is no difference.
const level = 0.05

// A named is a metric under its name.
type named struct {
	name string
	score.Metric
}

// A judge measures gains on one plan.
type judge struct {
	set   *kindred.Set
	named         // the metric of the gains
	task  []named // that of each task: the same, or its kind's where that does not take it
	folds []split.Fold
	seed  uint64
}

func newJudge(set *kindred.Set, metric string, seed uint64) (*judge, error) {
	part, err := score.All.Find("metric", metric)
	if err != nil {
		return nil, err
	}
	j := &judge{set: set, named: named{metric, part.New()}, seed: seed}
	taken := false
	for i := range set.Tasks {
		k, own := set.Tasks[i].Kind, j.named
		if !own.Takes(k) {
			primary, err := score.All.Find("metric", score.Primary(k))
			if err != nil {
				return nil, err
			}
			own = named{primary.Name, primary.New()}
		} else {
			taken = true
		}
		j.task = append(j.task, own)
	}
	if !taken {
		return nil, fmt.Errorf("metric %q does not judge %v targets; %s does", metric, set.Tasks[0].Kind, score.Primary(set.Tasks[0].Kind))
	}
	return j, nil
}

// on is the judge of these folds.
func (j judge) on(folds []split.Fold) *judge {
	j.folds = folds
	return &j
}

// gains compares with the single-task baseline, task by task and overall.
//
//	Δm = 100/T Σ_t ±(M_t − M_t,single)/|M_t,single|    − where a smaller metric is better
//
// over the T tasks where it is defined, each by one metric, its mean over
// splits.
//
// Maninis, Radosavovic, Kokkinos, Attentive single-tasking of multiple tasks,
// CVPR 2019; Vandenhende et al., Multi-task learning for dense prediction
// tasks: a survey, IEEE TPAMI 44, 2022.
func (m *Method) gains(j *judge, single, own []trial) {
	p, relative := make([]float64, len(m.Tasks)), make([]float64, len(m.Tasks))
	num.For(len(m.Tasks), func(t int) { m.Tasks[t].Gain, p[t], relative[t] = j.ofTask(t, single, own) })
	for t, adjusted := range score.Holm(p) {
		g := m.Tasks[t].Gain
		if g == nil {
			continue
		}
		switch g.judge(adjusted); g.Verdict {
		case "better":
			m.Better++
		case "worse":
			m.Worse++
		}
		if g.Metric == j.name && (m.Worst == nil || *g.Value < *m.Worst.Value) {
			m.Worst = &Named{m.Tasks[t].Task, g.Value}
		}
	}
	if m.Gain = j.overall(single, own); m.Gain != nil {
		m.Gain.judge(number(m.Gain.P))
	}
	mean, _, _ := defined(relative)
	m.DeltaM = finite(mean)
}

// judge gives a verdict by a p-value.
func (g *Gain) judge(p float64) {
	switch {
	case !(p < level):
	case *g.Value > 0:
		g.Verdict = "better"
	case *g.Value < 0:
		g.Verdict = "worse"
	}
}

func newGain(metric string, i score.Interval) *Gain {
	return &Gain{Metric: metric, Value: finite(i.Value), Low: finite(i.Low), High: finite(i.High), P: finite(i.P)}
}

// ofTask is the gain of a task over the splits where both methods have a
// value, nil where there is none; p is then NaN. relative is in percent, NaN
// where the baseline's metric is 0.
func (j *judge) ofTask(t int, single, own []trial) (g *Gain, p, relative float64) {
	metric := j.task[t]
	a, b := ofTask(metric, own, t), ofTask(metric, single, t)
	var d, base []float64
	for f := range a {
		if v := float64(metric.Better()) * (a[f] - b[f]); !math.IsNaN(v) {
			d, base = append(d, v), append(base, b[f])
		}
	}
	if d == nil {
		return nil, math.NaN(), math.NaN()
	}
	var i score.Interval
	free, drawn := float64(len(d)-1), len(j.folds) == 1
	if drawn {
		_, rows := j.units(0, []int{t})
		free, i = float64(rows-1), j.bootstrap(t, single, own)
	} else {
		i = score.Resampled(d, j.overlap([]int{t}, d, func(f int) draw { return j.drawTask(t, f, single, own) }))
	}
	relative = math.NaN()
	if mean, _, _ := defined(base); mean != 0 {
		relative = 100 * i.Value / math.Abs(mean)
	}
	g = newGain(metric.name, i)
	g.free, g.drawn = free, drawn
	return g, i.P, relative
}

// overall is the gain in the metric over tasks, nil where it has no value.
func (j *judge) overall(single, own []trial) *Gain {
	var d []float64
	for f := range own {
		s, o, _ := j.common(single[f].cells, own[f].cells)
		if v := j.difference(s, o); !math.IsNaN(v) {
			d = append(d, v)
		}
	}
	if d == nil {
		return nil
	}
	if len(j.folds) == 1 {
		return newGain(j.name, j.bootstrapAll(single, own))
	}
	var tasks []int
	for t := range j.task {
		if j.task[t].name == j.name {
			tasks = append(tasks, t)
		}
	}
	return newGain(j.name, score.Resampled(d, j.overlap(tasks, d, func(f int) draw { return j.drawAll(f, single, own) })))
}

// common are the cells of the tasks that both methods can be judged on, and
// their places. What a pooled metric is taken over is its own matter.
func (j *judge) common(single, own []score.Cell) (s, o []score.Cell, tasks []int) {
	_, pooled := j.Metric.(score.Pooled)
	for t := range own {
		if len(own[t].Y) == 0 || !j.Takes(own[t].Info.Kind) {
			continue
		}
		_, one := j.Task(single[t])
		_, two := j.Task(own[t])
		if pooled || one && two {
			s, o, tasks = append(s, single[t]), append(o, own[t]), append(tasks, t)
		}
	}
	return s, o, tasks
}

// difference is the metric over tasks of own less that of single, turned so
// that positive is better; NaN where it is undefined.
func (j *judge) difference(single, own []score.Cell) float64 {
	a, _, okA := score.Over(j.Metric, own)
	b, _, okB := score.Over(j.Metric, single)
	if !okA || !okB {
		return math.NaN()
	}
	return float64(j.Better()) * (a - b)
}
