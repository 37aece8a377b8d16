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

// header is what a model file says of a kernel machine besides its tensors and
// the model on the features.
type header struct {
	Kernel  string          `json:"kernel"`
	Options json.RawMessage `json:"options"`
	Prep    json.RawMessage `json:"prep"`
	Lost    float64         `json:"trace_error"`
}

// Codec writes and reads kernel machines: tensors landmarks (landmarks ×
// features, or as sparse rows) and root, and the model on the features, which
// another codec writes.
var Codec = modelfile.Codec{Kind: "kernel", Encode: encode, Decode: decode}

func encode(e *modelfile.Encoder, model kindred.Model) (any, bool, error) {
	m, ok := model.(*Model)
	if !ok {
		return nil, false, nil
	}
	h := header{Kernel: All.NameOf(m.basis.kernel), Lost: m.basis.lost}
	var err error
	if h.Options, err = json.Marshal(m.basis.kernel); err != nil {
		return nil, true, err
	}
	if h.Prep, err = json.Marshal(m.prep); err != nil {
		return nil, true, err
	}
	m.basis.landmarks.encode(e)
	e.Tensor("root", []int{m.basis.root.Rows, m.basis.root.Cols}, m.basis.root.Data)
	return h, true, e.Model("method", m.part)
}

func decode(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
	var h header
	if err := catalog.Decode(&h, raw); err != nil {
		return nil, err
	}
	m := &Model{prep: &prep.Prep{}, basis: &basis{lost: h.Lost}}
	var err error
	if m.basis.kernel, err = decodeKernel(h.Kernel, h.Options); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(h.Prep, m.prep); err != nil {
		return nil, err
	}
	if m.basis.landmarks, err = decodeLandmarks(d, m.prep.Width()); err != nil {
		return nil, err
	}
	if m.basis.root, err = decodeRoot(d, m.basis.x.Rows); err != nil {
		return nil, err
	}
	if m.part, err = d.Model("method"); err != nil {
		return nil, err
	}
	want := kindred.Schema{{Name: column, Type: kindred.Vector, Width: m.basis.x.Rows}}
	if !slices.Equal(m.part.Schema(), want) {
		return nil, fmt.Errorf("the model on %d features reads %v", m.basis.x.Rows, m.part.Schema())
	}
	return m, nil
}

// decodeKernel makes a kernel that leaves nothing open.
func decodeKernel(name string, options json.RawMessage) (Kernel, error) {
	part, err := All.Find("kernel", name)
	if err != nil {
		return nil, err
	}
	k := part.New()
	if _, plain := k.(Linear); plain {
		return k, nil
	}
	if err := catalog.Decode(k, options); err != nil {
		return nil, err
	}
	if err := k.(interface{ Check() error }).Check(); err != nil {
		return nil, err
	}
	return k.On(1), nil
}

func (l *landmarks) encode(e *modelfile.Encoder) {
	if !l.x.Sparse() {
		e.Tensor("landmarks", []int{l.x.Rows, l.x.Cols}, l.x.Data)
		return
	}
	ptr, index := []float64{0}, make([]float64, len(l.x.Index))
	for _, stop := range l.x.Stop {
		ptr = append(ptr, float64(stop))
	}
	for i, j := range l.x.Index {
		index[i] = float64(j)
	}
	e.Tensor("landmarks", []int{len(l.x.Data)}, l.x.Data)
	e.Tensor("landmarks.index", []int{len(index)}, index)
	e.Tensor("landmarks.ptr", []int{len(ptr)}, ptr)
}

// decodeLandmarks reads rows of this width.
func decodeLandmarks(d *modelfile.Decoder, width int) (*landmarks, error) {
	shape, data, err := d.Tensor("landmarks")
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(data, func(v float64) bool { return v-v != 0 }); i >= 0 {
		return nil, fmt.Errorf("landmarks hold %v", data[i])
	}
	if d.Has("landmarks.ptr") {
		x, err := decodeSparse(d, data, width)
		if err != nil {
			return nil, err
		}
		return newLandmarks(x), nil
	}
	if len(shape) != 2 || shape[1] != width {
		return nil, fmt.Errorf("landmarks of shape %v for %d features", shape, width)
	}
	return newLandmarks(&num.Matrix{Rows: shape[0], Cols: shape[1], Data: data}), nil
}

func decodeSparse(d *modelfile.Decoder, data []float64, width int) (*num.Matrix, error) {
	_, columns, err := d.Tensor("landmarks.index")
	if err != nil {
		return nil, err
	}
	_, stops, err := d.Tensor("landmarks.ptr")
	if err != nil {
		return nil, err
	}
	if len(columns) != len(data) || len(stops) == 0 || stops[0] != 0 || stops[len(stops)-1] != float64(len(data)) {
		return nil, fmt.Errorf("sparse landmarks of %d numbers, %d columns and %d rows", len(data), len(columns), len(stops)-1)
	}
	ptr, index := make([]int, len(stops)), make([]int32, len(columns))
	for i, v := range stops {
		if !(v >= 0 && v <= float64(len(data)) && v == math.Trunc(v)) || i > 0 && v < stops[i-1] {
			return nil, fmt.Errorf("sparse landmarks: row %d ends at %v", i, v)
		}
		ptr[i] = int(v)
	}
	for r := range len(ptr) - 1 {
		last := -1.0
		for i := ptr[r]; i < ptr[r+1]; i++ {
			if v := columns[i]; !(v > last && v < float64(width) && v == math.Trunc(v)) {
				return nil, fmt.Errorf("sparse landmarks: column %v after %v of %d", v, last, width)
			}
			last, index[i] = columns[i], int32(columns[i])
		}
	}
	return num.NewSparse(width, ptr, index, data), nil
}

// decodeRoot reads an m × m triangular factor with a diagonal above 0.
func decodeRoot(d *modelfile.Decoder, m int) (*num.Dense, error) {
	shape, data, err := d.Tensor("root")
	if err != nil {
		return nil, err
	}
	if !slices.Equal(shape, []int{m, m}) {
		return nil, fmt.Errorf("a root of shape %v for %d landmarks", shape, m)
	}
	root := &num.Dense{Rows: m, Cols: m, Data: data}
	for i := range m {
		if !(root.At(i, i) > 0) {
			return nil, fmt.Errorf("the root has %v on its diagonal", root.At(i, i))
		}
	}
	return root, nil
}
