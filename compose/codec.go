package compose

import (
	"encoding/json"
	"fmt"
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
		for t, part := range m.parts {
			if err := e.Model(strconv.Itoa(t), part); err != nil {
				return nil, true, err
			}
		}
		return tasksHeader{len(m.parts)}, true, nil
	},
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		var h tasksHeader
		if err := catalog.Decode(&h, raw); err != nil {
			return nil, err
		}
		if h.Models < 1 {
			return nil, fmt.Errorf("%d models", h.Models)
		}
		m := &Tasks{}
		for t := range h.Models {
			part, err := d.Model(strconv.Itoa(t))
			if err != nil {
				return nil, err
			}
			if len(part.Tasks()) != 1 {
				return nil, fmt.Errorf("model %d predicts %d tasks where one is wanted", t, len(part.Tasks()))
			}
			m.parts = append(m.parts, part)
		}
		return m, nil
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
