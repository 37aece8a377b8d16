package compose

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/modelfile"
)

// TasksCodec writes and reads models of one task each; the models inside are
// written by the other codecs given.
var TasksCodec = modelfile.Codec{
	Kind: "alone",
	Encode: func(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
		m, ok := model.(*Tasks)
		if !ok {
			return nil, false, nil
		}
		return tasksHeader{len(m.parts)}, true, encodeParts(e, m.parts)
	},
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		var h tasksHeader
		if err := catalog.Decode(&h, raw); err != nil {
			return nil, err
		}
		parts, err := decodeParts(d, h.Models)
		if err != nil {
			return nil, err
		}
		for t, part := range parts {
			if len(part.Tasks()) != 1 {
				return nil, fmt.Errorf("model %d predicts %d tasks where one is wanted", t, len(part.Tasks()))
			}
		}
		return &Tasks{parts}, nil
	},
}

type tasksHeader struct {
	Models int `json:"models"`
}

// OneCodec writes and reads pooled models.
var OneCodec = modelfile.Codec{
	Kind: "pooled",
	Encode: func(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
		m, ok := model.(*One)
		if !ok {
			return nil, false, nil
		}
		return oneHeader{m.tasks}, true, e.Model("model", m.part)
	},
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		var h oneHeader
		if err := catalog.Decode(&h, raw); err != nil {
			return nil, err
		}
		part, err := d.Model("model")
		if err != nil {
			return nil, err
		}
		if len(part.Tasks()) != 1 {
			return nil, fmt.Errorf("a pooled model predicts one task, not %d", len(part.Tasks()))
		}
		for _, t := range h.Tasks {
			if t.Kind != part.Tasks()[0].Kind || len(t.Classes) != len(part.Tasks()[0].Classes) {
				return nil, fmt.Errorf("task %q is not what the pooled model predicts", t.Name)
			}
		}
		return &One{part: part, tasks: h.Tasks}, nil
	},
}

type oneHeader struct {
	Tasks []kindred.TaskInfo `json:"tasks"`
}

// GroupsCodec writes and reads models of groups of tasks.
var GroupsCodec = modelfile.Codec{
	Kind: "grouped",
	Encode: func(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
		m, ok := model.(*Groups)
		if !ok {
			return nil, false, nil
		}
		return groupsHeader{m.groups}, true, encodeParts(e, m.parts)
	},
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		var h groupsHeader
		if err := catalog.Decode(&h, raw); err != nil {
			return nil, err
		}
		if err := h.check(); err != nil {
			return nil, err
		}
		m, err := newGroups(h.Groups), error(nil)
		if m.parts, err = decodeParts(d, len(h.Groups)); err != nil {
			return nil, err
		}
		for i, part := range m.parts {
			if n := len(part.Tasks()); n != len(h.Groups[i]) {
				return nil, fmt.Errorf("model %d predicts %d tasks where %d are wanted", i, n, len(h.Groups[i]))
			}
		}
		return m, nil
	},
}

type groupsHeader struct {
	Groups [][]int `json:"groups"` // of each model's tasks, the place among all
}

// check refuses groups that are not every task once.
func (h *groupsHeader) check() error {
	var places []int
	for _, g := range h.Groups {
		if len(g) == 0 {
			return errors.New("a group has no task")
		}
		places = append(places, g...)
	}
	slices.Sort(places)
	for i, p := range places {
		if p != i {
			return errors.New("the groups are not every task once")
		}
	}
	if places == nil {
		return errors.New("there are no groups")
	}
	return nil
}

// MixedCodec writes and reads mixtures of models of the same tasks.
var MixedCodec = modelfile.Codec{
	Kind: "guarded",
	Encode: func(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
		m, ok := model.(*Mixed)
		if !ok {
			return nil, false, nil
		}
		h := mixedHeader{m.names, m.weights, m.mixtures, m.warnings}
		return h, true, encodeParts(e, m.parts)
	},
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		var h mixedHeader
		if err := catalog.Decode(&h, raw); err != nil {
			return nil, err
		}
		parts, err := decodeParts(d, len(h.Names))
		if err != nil {
			return nil, err
		}
		m := &Mixed{names: h.Names, parts: parts, weights: h.Weights, mixtures: h.Mixtures, warnings: h.Warnings}
		return m, m.check()
	},
}

type mixedHeader struct {
	Names    []string          `json:"names"`   // of the models
	Weights  [][]float64       `json:"weights"` // task × model
	Mixtures []kindred.Mixture `json:"mixtures"`
	Warnings []string          `json:"warnings,omitempty"`
}

// check refuses weights that are not those of mixtures, and models of different
// tasks.
func (m *Mixed) check() error {
	tasks := m.Tasks()
	for i, p := range m.parts {
		if !reflect.DeepEqual(p.Tasks(), tasks) {
			return fmt.Errorf("models 0 and %d predict different tasks", i)
		}
	}
	if len(m.weights) != len(tasks) || len(m.mixtures) != len(tasks) {
		return fmt.Errorf("weights of %d tasks and reports of %d, where %d are predicted", len(m.weights), len(m.mixtures), len(tasks))
	}
	for t, w := range m.weights {
		if of := len(m.mixtures[t].Of); of == 0 || of != len(m.mixtures[0].Of) {
			return fmt.Errorf("task %q is reported to be mixed of %d methods, and the first task of %d", tasks[t].Name, of, len(m.mixtures[0].Of))
		}
		ok := len(w) == len(m.parts)
		total := 0.0
		for _, v := range w {
			ok, total = ok && v >= 0, total+v
		}
		if !ok || math.Abs(total-1) > 1e-9 {
			return fmt.Errorf("task %q has the weights %v; they are from 0 up and sum to 1", tasks[t].Name, w)
		}
	}
	return nil
}

// encodeParts writes models by their number.
func encodeParts(e *modelfile.Encoder, parts []kindred.Model) error {
	for i, part := range parts {
		if err := e.Model(strconv.Itoa(i), part); err != nil {
			return err
		}
	}
	return nil
}

// decodeParts reads n models.
func decodeParts(d *modelfile.Decoder, n int) ([]kindred.Model, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d models", n)
	}
	var parts []kindred.Model
	for i := range n {
		part, err := d.Model(strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// ExtendedCodec writes and reads models with tasks that they were not fitted to.
var ExtendedCodec = modelfile.Codec{
	Kind: "extended",
	Encode: func(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
		m, ok := model.(*Extended)
		if !ok {
			return nil, false, nil
		}
		return extendedHeader{m.added}, true, e.Model("model", m.base)
	},
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		var h extendedHeader
		if err := catalog.Decode(&h, raw); err != nil {
			return nil, err
		}
		base, err := d.Model("model")
		if err != nil {
			return nil, err
		}
		m := &Extended{base, h.Added}
		for i := range h.Added {
			if err := m.check(&h.Added[i]); err != nil {
				return nil, err
			}
		}
		return m, nil
	},
}

type extendedHeader struct {
	Added []combined `json:"added"`
}

// check refuses a task that is not made of tasks like it.
func (m *Extended) check(c *combined) error {
	if len(c.Of) == 0 || len(c.Of) != len(c.Weights) || len(c.Shift) != scores(c.Info) || c.Info.Kind == kindred.Binary && len(c.Info.Classes) != 2 {
		return fmt.Errorf("task %q is made of %d tasks with %d weights, and has %d outputs of %d classes", c.Info.Name, len(c.Of), len(c.Weights), len(c.Shift), len(c.Info.Classes))
	}
	infos := m.base.Tasks()
	for _, t := range c.Of {
		if t < 0 || t >= len(infos) || infos[t].Kind != c.Info.Kind || !slices.Equal(infos[t].Classes, c.Info.Classes) {
			return fmt.Errorf("task %q is made of task %d of %d, which is not one like it", c.Info.Name, t, len(infos))
		}
	}
	for _, v := range slices.Concat(c.Weights, c.Shift) {
		if v-v != 0 {
			return fmt.Errorf("task %q has a weight that is no number", c.Info.Name)
		}
	}
	return nil
}
