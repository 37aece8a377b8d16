package linear

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
)

// header is what a model file says of a linear model besides its tensors.
type header struct {
	Tasks    []kindred.TaskInfo  `json:"tasks"`
	Outputs  []int               `json:"outputs"` // of each task: its columns of W
	Losses   []lossHeader        `json:"losses"`
	Targets  []prep.Target       `json:"targets"`
	Prep     json.RawMessage     `json:"prep"`
	Arrays   []string            `json:"arrays,omitempty"` // of the preparation: tensors prep/…
	Sigmoids []calibrate.Sigmoid `json:"sigmoids,omitempty"`
	Report   kindred.Report      `json:"report"`
	Factors  *factorsHeader      `json:"factors,omitempty"`
}

type lossHeader struct {
	Name    string          `json:"name"`
	Options json.RawMessage `json:"options,omitempty"`
}

// factorsHeader is the belief on the factors of W.
type factorsHeader struct {
	Penalty string          `json:"penalty"`
	Options json.RawMessage `json:"options,omitempty"`
	Lambda  float64         `json:"lambda"`
}

// Codec writes and reads linear models: tensors w (features × outputs), b, the
// factors u and v of w where the belief was on them, and those of the
// preparation.
var Codec = modelfile.Codec{Kind: "linear", Encode: encode, Decode: decode}

func encode(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
	m, ok := model.(*Model)
	if !ok {
		return nil, false, nil
	}
	h := header{Tasks: m.tasks, Targets: m.targets, Sigmoids: m.sigmoids, Report: m.report}
	for t := range m.tasks {
		h.Outputs = append(h.Outputs, m.first[t+1]-m.first[t])
		options, err := json.Marshal(m.losses[t])
		if err != nil {
			return nil, true, err
		}
		h.Losses = append(h.Losses, lossHeader{loss.All.NameOf(m.losses[t]), options})
	}
	var err error
	if h.Prep, err = m.prep.State(); err != nil {
		return nil, true, err
	}
	arrays := m.prep.Tensors()
	h.Arrays = slices.Sorted(maps.Keys(arrays))
	for _, name := range h.Arrays {
		e.Tensor("prep/"+name, []int{len(arrays[name])}, arrays[name])
	}
	if m.factors != nil {
		if h.Factors, err = m.factors.encode(e); err != nil {
			return nil, true, err
		}
	}
	e.Tensor("w", []int{m.w.Rows, m.w.Cols}, m.w.Data)
	e.Tensor("b", []int{len(m.b)}, m.b)
	return h, true, nil
}

func decode(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
	var h header
	if err := catalog.Decode(&h, raw); err != nil {
		return nil, err
	}
	m := &Model{tasks: h.Tasks, targets: h.Targets, sigmoids: h.Sigmoids, report: h.Report, first: []int{0}}
	if len(h.Outputs) != len(h.Tasks) || len(h.Losses) != len(h.Tasks) || len(h.Targets) != len(h.Tasks) {
		return nil, fmt.Errorf("%d tasks, %d outputs, %d losses and %d targets", len(h.Tasks), len(h.Outputs), len(h.Losses), len(h.Targets))
	}
	for t, l := range h.Losses {
		part, err := loss.All.Find("loss", l.Name)
		if err != nil {
			return nil, err
		}
		v := part.New()
		if err := decodeLoss(&v, l.Options); err != nil {
			return nil, err
		}
		if err := fits(h.Tasks[t], h.Outputs[t], v); err != nil {
			return nil, err
		}
		m.losses = append(m.losses, v)
		m.first = append(m.first, m.first[t]+h.Outputs[t])
	}
	if g := h.Report.Groups; g != nil && len(g) != len(h.Tasks) {
		return nil, fmt.Errorf("%d tasks in groups, of %d", len(g), len(h.Tasks))
	}
	arrays := map[string][]float64{}
	var err error
	for _, name := range h.Arrays {
		if _, arrays[name], err = d.Tensor("prep/" + name); err != nil {
			return nil, err
		}
	}
	if m.prep, err = prep.Restore(h.Prep, arrays); err != nil {
		return nil, err
	}
	if err := m.decodeTensors(d); err != nil {
		return nil, err
	}
	if h.Factors != nil {
		var err error
		if m.factors, err = h.Factors.decode(d, m.w.Rows, m.w.Cols); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (f *factors) encode(e *modelfile.Encoder) (*factorsHeader, error) {
	options, err := json.Marshal(f.belief)
	if err != nil {
		return nil, err
	}
	e.Tensor("u", []int{f.u.Rows, f.u.Cols}, f.u.Data)
	e.Tensor("v", []int{f.v.Rows, f.v.Cols}, f.v.Data)
	return &factorsHeader{penalty.All.NameOf(f.belief), options, f.lambda}, nil
}

// decode reads the factors of a W of these sizes.
func (h *factorsHeader) decode(d *modelfile.Decoder, rows, cols int) (*factors, error) {
	part, err := penalty.All.Find("penalty", h.Penalty)
	if err != nil {
		return nil, err
	}
	f := &factors{belief: part.New(), lambda: h.Lambda}
	if !(h.Lambda > 0 && h.Lambda <= math.MaxFloat64) {
		return nil, fmt.Errorf("factors of strength %v", h.Lambda)
	}
	if _, ok := f.belief.On(penalty.Layout{}, 1).(penalty.Factored); !ok {
		return nil, fmt.Errorf("the penalty %s is not one on factors", h.Penalty)
	}
	if err := catalog.Decode(f.belief, h.Options); err != nil {
		return nil, err
	}
	for _, tensor := range []struct {
		name string
		to   **num.Dense
	}{{"u", &f.u}, {"v", &f.v}} {
		shape, data, err := d.Tensor(tensor.name)
		if err != nil {
			return nil, err
		}
		if len(shape) != 2 {
			return nil, fmt.Errorf("a factor of shape %v", shape)
		}
		*tensor.to = &num.Dense{Rows: shape[0], Cols: shape[1], Data: data}
	}
	if f.u.Rows != rows || f.v.Cols != cols || f.u.Cols != f.v.Rows {
		return nil, fmt.Errorf("factors of %d × %d and %d × %d for weights of %d × %d", f.u.Rows, f.u.Cols, f.v.Rows, f.v.Cols, rows, cols)
	}
	return f, nil
}

// decodeLoss sets the options of a loss that has some.
func decodeLoss(l *loss.Loss, options json.RawMessage) error {
	if h, ok := (*l).(*loss.Huber); ok {
		return catalog.Decode(h, options)
	}
	return nil
}

// fits checks that a task, its outputs and its loss go together, so that
// Predict cannot go wrong.
func fits(t kindred.TaskInfo, outputs int, l loss.Loss) error {
	want := 1
	switch t.Kind {
	case kindred.Multiclass:
		want = len(t.Classes)
	case kindred.Binary:
		if len(t.Classes) != 2 {
			return fmt.Errorf("task %q: a binary task with %d classes", t.Name, len(t.Classes))
		}
	}
	if outputs != want || want < 1 {
		return fmt.Errorf("task %q: %d outputs for a %v task", t.Name, outputs, t.Kind)
	}
	if !l.Takes(t.Kind) && !(t.Kind == kindred.Multiclass && l.Takes(kindred.Binary)) {
		return fmt.Errorf("task %q: the loss %s does not take a %v task", t.Name, loss.All.NameOf(l), t.Kind)
	}
	if _, linked := l.(loss.Linked); t.Kind == kindred.Count && !linked {
		return fmt.Errorf("task %q: the loss %s predicts no counts", t.Name, loss.All.NameOf(l))
	}
	return nil
}

func (m *Model) decodeTensors(d *modelfile.Decoder) error {
	k := m.first[len(m.tasks)]
	shape, w, err := d.Tensor("w")
	if err != nil {
		return err
	}
	if len(shape) != 2 || shape[0] != m.prep.Width() || shape[1] != k {
		return fmt.Errorf("weights of shape %v for %d features and %d outputs", shape, m.prep.Width(), k)
	}
	m.w = &num.Dense{Rows: shape[0], Cols: shape[1], Data: w}
	if _, m.b, err = d.Tensor("b"); err != nil {
		return err
	}
	if len(m.b) != k || m.sigmoids != nil && len(m.sigmoids) != k {
		return fmt.Errorf("%d intercepts and %d sigmoids for %d outputs", len(m.b), len(m.sigmoids), k)
	}
	return nil
}
