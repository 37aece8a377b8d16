package neural

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/prep"
)

// header is what a model file says of a network besides its tensors.
type header struct {
	Tasks        []kindred.TaskInfo `json:"tasks"`
	Targets      []prep.Target      `json:"targets"`
	Prep         json.RawMessage    `json:"prep"`
	Arrays       []string           `json:"arrays,omitempty"` // of the preparation: tensors prep/…
	Inputs       arch.Inputs        `json:"inputs"`
	Arch         partHeader         `json:"arch"`
	Params       []string           `json:"params"`         // the learned blocks: tensors param/…
	Loss         string             `json:"loss,omitempty"` // of regression
	Temperatures []float64          `json:"temperatures"`   // of each task: what its decisions are divided by
	Heat         float64            `json:"heat,omitempty"` // of learned choices
	Report       kindred.Report     `json:"report"`
	Training     *training          `json:"training,omitempty"` // of a checkpoint: where it goes on
}

// partHeader is a part of a table and its options.
type partHeader struct {
	Name    string          `json:"name"`
	Options json.RawMessage `json:"options,omitempty"`
}

// Codec writes and reads networks: the tensors param/NAME, one for each block
// of learned numbers (outputs × inputs, of several parts one below the other),
// state, which is what batch norms have measured, and those of the preparation.
// It reads a checkpoint as the network that was best when it was written.
var Codec = modelfile.Codec{
	Kind:   "neural",
	Encode: encode,
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		m, _, err := decode(d, raw)
		if err != nil {
			return nil, err
		}
		return m, nil
	},
}

// Bounds on networks, so that a file cannot ask for more memory than it is
// worth.
const (
	maxTasks = 1 << 17
	maxRow   = 1 << 22 // numbers that one row takes while it is predicted
)

func encode(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
	c, ok := model.(*checkpoint)
	if !ok {
		m, ok := model.(*Model)
		if !ok {
			return nil, false, nil
		}
		h, err := m.encode(e)
		return h, true, err
	}
	h, err := c.Model.encode(e)
	if err != nil {
		return nil, true, err
	}
	h.Training = c.training
	c.encode(e)
	return h, true, nil
}

func (m *Model) encode(e *modelfile.Encoder) (*header, error) {
	h := &header{
		Tasks: m.infos, Targets: m.targets, Inputs: m.inputs(), Loss: m.loss, Temperatures: m.temperature, Heat: m.heat, Report: m.report,
	}
	var err error
	if h.Arch, err = partOf(arch.All, "architecture", m.arch); err != nil {
		return nil, err
	}
	if h.Prep, err = m.prep.State(); err != nil {
		return nil, err
	}
	arrays := m.prep.Tensors()
	h.Arrays = slices.Sorted(maps.Keys(arrays))
	for _, name := range h.Arrays {
		e.Tensor("prep/"+name, []int{len(arrays[name])}, arrays[name])
	}
	for _, b := range m.layout.Blocks {
		h.Params = append(h.Params, b.Name)
		e.Tensor32("param/"+b.Name, []int{b.Rows(), b.Cols}, m.params[b.At:b.At+b.Len()])
	}
	e.Tensor32("state", []int{len(m.state)}, m.state)
	return h, nil
}

// partOf is a part of a table as a file has it.
func partOf[T any](table catalog.Table[T], kind string, v T) (partHeader, error) {
	h := partHeader{Name: table.NameOf(v)}
	if h.Name == "" {
		return h, fmt.Errorf("the %s %T is not in the table, so no file can name it", kind, v)
	}
	var err error
	h.Options, err = json.Marshal(v)
	return h, err
}

func decode(d *modelfile.Decoder, raw json.RawMessage) (*Model, *header, error) {
	var h header
	if err := catalog.Decode(&h, raw); err != nil {
		return nil, nil, err
	}
	m := &Model{infos: h.Tasks, targets: h.Targets, loss: h.Loss, heat: h.Heat, temperature: h.Temperatures, report: h.Report}
	if err := m.decodeTasks(); err != nil {
		return nil, nil, err
	}
	arrays := map[string][]float64{}
	var err error
	for _, name := range h.Arrays {
		if _, arrays[name], err = d.Tensor("prep/" + name); err != nil {
			return nil, nil, err
		}
	}
	if m.prep, err = prep.Restore(h.Prep, arrays); err != nil {
		return nil, nil, err
	}
	if err := m.decodeArch(&h); err != nil {
		return nil, nil, err
	}
	return m, &h, m.decodeParams(d, h.Params)
}

// decodeTasks checks what is said of the tasks, and finds their heads.
func (m *Model) decodeTasks() error {
	n := len(m.infos)
	if len(m.targets) != n || len(m.temperature) != n {
		return fmt.Errorf("%d tasks, %d targets and %d temperatures", n, len(m.targets), len(m.temperature))
	}
	if err := checkTasks(n); err != nil {
		return err
	}
	if err := oneOf("loss", m.loss, losses); err != nil {
		return err
	}
	if !(m.heat >= 0 && m.heat <= math.MaxFloat64) {
		return fmt.Errorf("heat is %v", m.heat)
	}
	for t, info := range m.infos {
		switch {
		case info.Kind == kindred.Binary && len(info.Classes) != 2, info.Kind == kindred.Multiclass && len(info.Classes) < 1:
			return fmt.Errorf("task %q: a %v task with %d classes", info.Name, info.Kind, len(info.Classes))
		case !(m.temperature[t] > 0 && m.temperature[t] <= math.MaxFloat64):
			return fmt.Errorf("task %q: temperature %v; it is above 0", info.Name, m.temperature[t])
		}
		h := headOf(info, m.loss)
		m.heads = append(m.heads, h)
		m.tasks = append(m.tasks, arch.Task{Name: info.Name, Outputs: h.outputs(), Alike: alike(info)})
	}
	if g := m.report.Groups; g != nil && len(g) != n || m.report.Vectors != nil && len(m.report.Vectors) != n {
		return fmt.Errorf("the report has %d groups and %d vectors of %d tasks", len(g), len(m.report.Vectors), n)
	}
	return nil
}

// checkTasks says whether so many tasks can be a network's.
func checkTasks(n int) error {
	if n < 1 || n > maxTasks {
		return fmt.Errorf("neural: a network of %d tasks; it has from 1 to %d", n, maxTasks)
	}
	return nil
}

// decodeArch reads the architecture and checks it against tasks and inputs.
func (m *Model) decodeArch(h *header) error {
	part, err := arch.All.Find("architecture", h.Arch.Name)
	if err != nil {
		return err
	}
	m.arch = part.New()
	if err := catalog.Decode(m.arch, h.Arch.Options); err != nil {
		return fmt.Errorf("architecture %s: %w", part.Name, err)
	}
	if err := checkArch(m.arch, m.tasks); err != nil {
		return err
	}
	in := m.inputs()
	if in.Dense != h.Inputs.Dense || in.Sparse != h.Inputs.Sparse || !slices.Equal(in.Levels, h.Inputs.Levels) {
		return fmt.Errorf("inputs %v of a network, and %v of its preparation", h.Inputs, in)
	}
	return nil
}

// checkArch says what is wrong with an architecture for tasks.
func checkArch(a arch.Architecture, tasks []arch.Task) error {
	if c, ok := a.(interface{ CheckTasks([]arch.Task) error }); ok {
		if err := c.CheckTasks(tasks); err != nil {
			return err
		}
	}
	return a.Check()
}

// inputs is what the network reads of a row.
func (m *Model) inputs() arch.Inputs {
	s := m.prep.Shape()
	return arch.Inputs{Dense: s.Dense, Levels: s.Levels, Sparse: s.Sparse}
}

// decodeParams records the network and reads what it has learned. The numbers
// come first: no network has fewer than tasks, and that bounds the recording.
func (m *Model) decodeParams(d *modelfile.Decoder, names []string) error {
	type array struct {
		shape []int
		data  []float32
	}
	arrays, total := make([]array, len(names)), 0
	for i, name := range names {
		var err error
		if arrays[i].shape, arrays[i].data, err = d.Tensor32("param/" + name); err != nil {
			return err
		}
		total += len(arrays[i].data)
	}
	least := len(m.tasks)
	if a, ok := m.arch.(interface{ Least([]arch.Task) int }); ok {
		least = max(least, a.Least(m.tasks))
	}
	if total < least {
		return fmt.Errorf("%d learned numbers where a network of %d tasks has %d at least", total, len(m.tasks), least)
	}
	m.start()
	if n := m.engine.graph.RowLen(); n > maxRow {
		return fmt.Errorf("a network that holds %d numbers for each row; at most %d are taken", n, maxRow)
	}
	if len(m.layout.Blocks) != len(names) {
		return fmt.Errorf("%d learned blocks where the network has %d", len(names), len(m.layout.Blocks))
	}
	m.params = make([]float32, 0, total)
	for i, b := range m.layout.Blocks {
		if err := fits(b, names[i], arrays[i].shape); err != nil {
			return err
		}
		m.params = append(m.params, arrays[i].data...)
	}
	_, state, err := d.Tensor32("state")
	if err == nil && len(state) != m.engine.graph.StateLen() {
		err = fmt.Errorf("a state of %d numbers where the network has %d", len(state), m.engine.graph.StateLen())
	}
	m.state = state
	return err
}

// fits says whether a tensor is that of a block.
func fits(b *param.Block, name string, shape []int) error {
	if name != b.Name || !slices.Equal(shape, []int{b.Rows(), b.Cols}) {
		return fmt.Errorf("the learned block %q of shape %v where the network has %q of %d × %d", name, shape, b.Name, b.Rows(), b.Cols)
	}
	return nil
}
