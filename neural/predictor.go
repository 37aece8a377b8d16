package neural

import (
	"fmt"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/tape"
)

// A Predictor predicts rows of numbers that are prepared already, again and
// again, without allocating. One goroutine uses it at a time.
type Predictor struct {
	model *Model
	run   *tape.Run[float32]
	tasks []int
}

// Predictor returns one for at most so many rows and these tasks, nil for all.
// The model must read numbers only, no categories and no text.
func (m *Model) Predictor(rows int, tasks []int) (*Predictor, error) {
	if s := m.prep.Shape(); len(s.Levels) > 0 || s.Sparse > 0 {
		return nil, fmt.Errorf("neural: the model reads categories or text; predict a table")
	}
	if m.engine.graph.Long {
		return nil, fmt.Errorf("neural: the model is computed anew for each task; predict a table")
	}
	if tasks == nil {
		for t := range m.infos {
			tasks = append(tasks, t)
		}
	}
	r := tape.NewRun(m.engine.graph, m.params, rows)
	r.State, r.Heat = m.state, m.heat
	if len(tasks) < len(m.infos) {
		r.Only(tasks)
	}
	return &Predictor{model: m, run: r, tasks: tasks}, nil
}

// Inputs is the place of n prepared rows, one after the other, to be filled in.
func (p *Predictor) Inputs(n int) []float32 {
	p.run.Resize(n)
	return p.run.Input(0)
}

// Predict computes the rows that Inputs was filled with.
func (p *Predictor) Predict() {
	if p.run.Shards() == 1 {
		p.run.Forward(0)
		return
	}
	num.For(p.run.Shards(), p.run.Forward)
}

// Outputs copies the outputs of the i-th task asked for: of each row as many as
// the task has, decisions of classes, numbers in units of the prepared label.
func (p *Predictor) Outputs(to []float32, i int) []float32 {
	t := p.tasks[i]
	node, k := p.model.engine.out[t], p.model.heads[t].outputs()
	at, _ := p.model.engine.graph.Place(node, t)
	gather(to[:p.run.Rows()*k], p.run.Value(node), p.model.engine.graph.Stride(node), at, k, 0)
	return to[:p.run.Rows()*k]
}
