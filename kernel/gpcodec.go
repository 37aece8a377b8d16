package kernel

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// gpHeader is what a model file says of a Gaussian process besides its tensors.
type gpHeader struct {
	Tasks      []kindred.TaskInfo `json:"tasks"`
	Targets    []prep.Target      `json:"targets"`
	Prep       json.RawMessage    `json:"prep"`
	Covariance covariance         `json:"covariance"`
	Pairs      bool               `json:"pairs"` // of all labels; else by landmarks
	Report     kindred.Report     `json:"report"`
}

// GPCodec writes and reads Gaussian processes: the rows compared with as
// tensors landmarks, and the posterior.
var GPCodec = modelfile.Codec{Kind: "gp", Encode: encodeGP, Decode: decodeGP}

func encodeGP(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
	m, ok := model.(*Process)
	if !ok {
		return nil, false, nil
	}
	h := gpHeader{Tasks: m.tasks, Targets: m.targets, Report: m.report}
	var err error
	if h.Prep, err = json.Marshal(m.prep); err != nil {
		return nil, true, err
	}
	switch k := m.known.(type) {
	case *known:
		h.Covariance, h.Pairs = *k.c, true
		k.encode(e)
	case *spanned:
		h.Covariance = *k.c
		k.encode(e)
	}
	return h, true, nil
}

func dense(e *modelfile.Encoder, name string, m *num.Dense) {
	e.Tensor(name, []int{m.Rows, m.Cols}, m.Data)
}

func vector(e *modelfile.Encoder, name string, v []float64) { e.Tensor(name, []int{len(v)}, v) }

func (k *known) encode(e *modelfile.Encoder) {
	newLandmarks(k.x).encode(e)
	vector(e, "parameters", k.base)
	vector(e, "task", floats(k.task))
	vector(e, "row", floats(k.row))
	vector(e, "noise", k.noise)
	vector(e, "mean", k.mean)
	dense(e, "relation", k.b)
	dense(e, "weights", k.weights)
	dense(e, "root", k.l)
	dense(e, "ends", k.ends)
	dense(e, "means_root", k.s)
}

func (k *spanned) encode(e *modelfile.Encoder) {
	newLandmarks(k.marks).encode(e)
	vector(e, "parameters", k.base)
	dense(e, "root", k.l)
	dense(e, "mean", k.mean)
	dense(e, "weights", k.weights)
	e.Tensor("covariance", []int{k.weights.Rows, k.weights.Cols, k.weights.Cols}, k.cov)
	vector(e, "center", k.center)
	vector(e, "prior", k.prior)
	vector(e, "noise", k.noise)
	vector(e, "unsure", k.unsure)
}

func floats(v []int) []float64 {
	out := make([]float64, len(v))
	for i, n := range v {
		out[i] = float64(n)
	}
	return out
}

func decodeGP(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
	var h gpHeader
	if err := catalog.Decode(&h, raw); err != nil {
		return nil, err
	}
	m := &Process{tasks: h.Tasks, targets: h.Targets, prep: &prep.Prep{}, report: h.Report}
	if len(h.Tasks) == 0 || len(h.Targets) != len(h.Tasks) {
		return nil, fmt.Errorf("%d tasks and %d targets", len(h.Tasks), len(h.Targets))
	}
	for _, t := range h.Tasks {
		if t.Kind != kindred.Regression {
			return nil, fmt.Errorf("task %q: a Gaussian process predicts no %v task", t.Name, t.Kind)
		}
	}
	if err := json.Unmarshal(h.Prep, m.prep); err != nil {
		return nil, err
	}
	c := &h.Covariance
	if c.Width != m.prep.Width() || !(c.Unit > 0) || !c.RBF && !c.Linear || c.ARD && m.prep.Sparse() {
		return nil, fmt.Errorf("the covariance %+v of %d features", *c, m.prep.Width())
	}
	marks, err := decodeLandmarks(d, c.Width)
	if err != nil {
		return nil, err
	}
	if c.ARD && marks.x.Sparse() {
		return nil, fmt.Errorf("sparse landmarks of a dense covariance")
	}
	r := &reading{Decoder: d}
	base := r.take("parameters", c.count())
	if h.Pairs {
		m.known = r.known(c, base, marks.x, len(h.Tasks))
	} else {
		m.known = r.spanned(c, base, marks.x, len(h.Tasks))
	}
	return m, r.err
}

// A reading takes tensors of known shapes; its error is the first one.
type reading struct {
	*modelfile.Decoder
	err error
}

// take returns a tensor of this shape, nil after an error.
func (r *reading) take(name string, shape ...int) []float64 {
	if r.err != nil {
		return nil
	}
	got, data, err := r.Tensor(name)
	if err == nil && !slices.Equal(got, shape) {
		err = fmt.Errorf("the tensor %q has the shape %v; %v is wanted", name, got, shape)
	}
	if r.err = err; err != nil {
		return nil
	}
	return data
}

func (r *reading) dense(name string, rows, cols int) *num.Dense {
	return &num.Dense{Rows: rows, Cols: cols, Data: r.take(name, rows, cols)}
}

// places are whole numbers from 0 up, below limit.
func (r *reading) places(name string, n, limit int) []int {
	out := make([]int, 0, n)
	for _, v := range r.take(name, n) {
		if !(v >= 0 && v < float64(limit) && v == math.Trunc(v)) {
			r.err = fmt.Errorf("the tensor %q holds %v, for places below %d", name, v, limit)
			return nil
		}
		out = append(out, int(v))
	}
	return out
}

func (r *reading) known(c *covariance, base []float64, x *num.Matrix, tasks int) *known {
	n := 0
	if shape, _, err := r.Tensor("task"); err == nil && len(shape) == 1 {
		n = shape[0]
	}
	return &known{c: c, base: base, x: x,
		task: r.places("task", n, tasks), row: r.places("row", n, x.Rows),
		noise: r.take("noise", tasks), mean: r.take("mean", tasks),
		b: r.dense("relation", tasks, tasks), weights: r.dense("weights", tasks, x.Rows),
		l: r.dense("root", n, n), ends: r.dense("ends", tasks, n), s: r.dense("means_root", tasks, tasks)}
}

func (r *reading) spanned(c *covariance, base []float64, marks *num.Matrix, tasks int) *spanned {
	m := marks.Rows
	return &spanned{c: c, base: base, marks: marks,
		l: r.dense("root", m, m), mean: r.dense("mean", tasks, m), weights: r.dense("weights", tasks, m),
		cov: r.take("covariance", tasks, m, m), center: r.take("center", tasks), prior: r.take("prior", tasks),
		noise: r.take("noise", tasks), unsure: r.take("unsure", tasks)}
}
