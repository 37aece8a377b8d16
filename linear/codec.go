package linear

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
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
}

type lossHeader struct {
	Name    string          `json:"name"`
	Options json.RawMessage `json:"options,omitempty"`
}

// Codec writes and reads linear models: tensors w (features × outputs), b, and
// those of the preparation.
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
	return m, m.decodeTensors(d)
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
