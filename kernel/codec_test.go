package kernel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/synth"
)

// forged is what a model file holds, to be changed and written again.
type forged struct {
	header  json.RawMessage
	tensors []tensor
	inside  map[string]kindred.Model
}

type tensor struct {
	name  string
	shape []int
	data  []float64
}

func (*forged) Tasks() []kindred.TaskInfo { return nil }
func (*forged) Schema() kindred.Schema    { return nil }
func (*forged) Predict(context.Context, *kindred.Table, []int) (*kindred.Prediction, error) {
	return nil, nil
}

// forging writes and reads any model of a kind with these tensors and models.
func forging(kind string, tensors, inside []string) modelfile.Codec {
	return modelfile.Codec{
		Kind: kind,
		Encode: func(e *modelfile.Encoder, m kindred.Model) (any, bool, error) {
			f, ok := m.(*forged)
			if !ok {
				return nil, false, nil
			}
			for _, t := range f.tensors {
				e.Tensor(t.name, t.shape, t.data)
			}
			for name, part := range f.inside {
				if err := e.Model(name, part); err != nil {
					return nil, true, err
				}
			}
			return f.header, true, nil
		},
		Decode: func(d *modelfile.Decoder, header json.RawMessage) (kindred.Model, error) {
			f := &forged{header: header, inside: map[string]kindred.Model{}}
			for _, name := range tensors {
				if !d.Has(name) {
					continue
				}
				shape, data, err := d.Tensor(name)
				if err != nil {
					return nil, err
				}
				f.tensors = append(f.tensors, tensor{name, shape, data})
			}
			for _, name := range inside {
				part, err := d.Model(name)
				if err != nil {
					return nil, err
				}
				f.inside[name] = part
			}
			return f, nil
		},
	}
}

// hostile changes a saved model in every way that fuzzing thinks of and reads
// it: an error, or a model that predicts.
func hostile(f *testing.F, genuine modelfile.Codec, forger modelfile.Codec, tables []*kindred.Table, models []kindred.Model) {
	var seeds []*forged
	for _, m := range models {
		var b bytes.Buffer
		if err := modelfile.Save(&b, m, nil, genuine, linear.Codec); err != nil {
			f.Fatal(err)
		}
		seed, _, err := modelfile.Load(&b, forger, linear.Codec)
		if err != nil {
			f.Fatal(err)
		}
		s := seed.(*forged)
		seeds = append(seeds, s)
		for k := range s.tensors {
			for _, v := range []float64{0, -1, 0.5, 1e300, math.NaN(), math.Inf(1)} {
				f.Add(uint8(len(seeds)-1), []byte(s.header), uint8(k), v, uint16(0), int8(0), int8(0))
				f.Add(uint8(len(seeds)-1), []byte(s.header), uint8(k), v, uint16(3), int8(-1), int8(1))
			}
			f.Add(uint8(len(seeds)-1), []byte(`{}`), uint8(k), 1.0, uint16(1), int8(0), int8(1))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, header []byte, k uint8, value float64, at uint16, rows, cols int8) {
		s := *seeds[int(which)%len(seeds)]
		s.header, s.tensors = header, append([]tensor(nil), s.tensors...)
		c := &s.tensors[int(k)%len(s.tensors)]
		shape, size := append([]int(nil), c.shape...), 1
		for i, by := range []int8{rows, cols} {
			if i < len(shape) {
				shape[i] = max(0, shape[i]+int(by))
			}
		}
		for _, n := range shape {
			size *= n
		}
		data := make([]float64, size)
		copy(data, c.data)
		if len(data) > 0 {
			data[int(at)%len(data)] = value
		}
		c.shape, c.data = shape, data
		var b bytes.Buffer
		if modelfile.Save(&b, &s, nil, forger, linear.Codec) != nil {
			return
		}
		m, _, err := modelfile.Load(&b, genuine, linear.Codec)
		if err != nil {
			return
		}
		for _, table := range tables {
			p, err := m.Predict(ctx, table, nil)
			if err == nil && len(p.Tasks) != len(m.Tasks()) {
				t.Errorf("%d of %d tasks", len(p.Tasks), len(m.Tasks()))
			}
		}
		m.(kindred.Reporter).Report()
	})
}

func FuzzDecode(f *testing.F) {
	s := family(f, synth.Tasks{Tasks: 2, Samples: 8, Features: 3, Kind: kindred.Binary, Seed: 1})
	table := &kindred.Table{Columns: []kindred.Column{{Name: "v", Type: kindred.Vector,
		Vector: num.NewSparse(4, []int{0, 2, 3, 4, 4}, []int32{0, 2, 1, 3}, []float64{1, 2, 3, 4})}}}
	sparse := &kindred.Set{Tasks: []kindred.Task{{Name: "a", Table: table, Rows: []int{0, 1, 2, 3}, Label: kindred.Labels{Columns: [][]float64{{1, 2, 3, 5}}}}}}
	forger := forging("kernel", []string{"landmarks", "landmarks.index", "landmarks.ptr", "root"}, []string{"method"})
	hostile(f, kernel.Codec, forger, []*kindred.Table{s.Tasks[0].Table, table}, []kindred.Model{
		fit(f, kernel.Method{Kernel: &kernel.Poly{}, Landmarks: 5, Method: linear.Method{}}, s),
		fit(f, kernel.Method{Prep: prep.Options{Scale: "none"}, Method: linear.Method{}}, sparse),
	})
}
