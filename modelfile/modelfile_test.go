package modelfile_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/modelfile"
)

// fake is a model of numbers, perhaps with another one inside.
type fake struct {
	Numbers []float64
	Inside  *fake
}

func (*fake) Tasks() []kindred.TaskInfo { return nil }
func (*fake) Schema() kindred.Schema    { return nil }
func (*fake) Predict(context.Context, *kindred.Table, []int) (*kindred.Prediction, error) {
	return &kindred.Prediction{}, nil
}

type header struct {
	Inside bool `json:"inside"`
}

var codec = modelfile.Codec{
	Kind: "fake",
	Encode: func(e *modelfile.Encoder, m kindred.Model) (any, bool, error) {
		f, ok := m.(*fake)
		if !ok {
			return nil, false, nil
		}
		e.Tensor("numbers", []int{len(f.Numbers)}, f.Numbers)
		if f.Inside == nil {
			return header{}, true, nil
		}
		return header{true}, true, e.Model("inside", f.Inside)
	},
	Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
		var h header
		if err := catalog.Decode(&h, raw); err != nil {
			return nil, err
		}
		f := &fake{}
		var err error
		if _, f.Numbers, err = d.Tensor("numbers"); err != nil || !h.Inside {
			return f, err
		}
		m, err := d.Model("inside")
		if err != nil {
			return nil, err
		}
		f.Inside = m.(*fake)
		return f, nil
	},
}

func saved(t testing.TB) []byte {
	var b bytes.Buffer
	m := &fake{Numbers: []float64{1, -2.5, 1e-300}, Inside: &fake{Numbers: []float64{7}}}
	if err := modelfile.Save(&b, m, map[string]string{"recipe": "fake"}, codec); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTripIsSafetensors(t *testing.T) {
	raw := saved(t)
	m, meta, err := modelfile.Load(bytes.NewReader(raw), codec)
	if err != nil {
		t.Fatal(err)
	}
	want := &fake{Numbers: []float64{1, -2.5, 1e-300}, Inside: &fake{Numbers: []float64{7}}}
	if d := cmp.Diff(want, m); d != "" || meta["recipe"] != "fake" {
		t.Errorf("%s %v", d, meta)
	}
	n := binary.LittleEndian.Uint64(raw)
	var head map[string]json.RawMessage
	if err := json.Unmarshal(raw[8:8+n], &head); err != nil {
		t.Fatal(err)
	}
	var first struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets []int  `json:"data_offsets"`
	}
	if err := json.Unmarshal(head["numbers"], &first); err != nil || first.Type != "F64" || !cmp.Equal(first.Shape, []int{3}) || !cmp.Equal(first.Offsets, []int{0, 24}) {
		t.Errorf("%s: %v", head["numbers"], err)
	}
}

// Wherever a bit of the file flips, it is not read as another model.
func TestEveryFlippedBitIsNoticed(t *testing.T) {
	raw := saved(t)
	want, _, _ := modelfile.Load(bytes.NewReader(raw), codec)
	for i := range raw {
		for bit := range 8 {
			spoiled := bytes.Clone(raw)
			spoiled[i] ^= 1 << bit
			if m, _, err := modelfile.Load(bytes.NewReader(spoiled), codec); err == nil && !cmp.Equal(m, want) {
				t.Fatalf("byte %d, bit %d: another model is read", i, bit)
			}
		}
	}
	for n := range raw {
		if _, _, err := modelfile.Load(bytes.NewReader(raw[:n]), codec); err == nil {
			t.Fatalf("the first %d of %d bytes are read as a model", n, len(raw))
		}
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	raw := saved(t)
	if _, _, err := modelfile.Load(bytes.NewReader(raw)); err == nil || !strings.Contains(err.Error(), `"fake"`) {
		t.Errorf("no codec: %v", err)
	}
	newer := bytes.Replace(raw, []byte(`"format_version":"1"`), []byte(`"format_version":"9"`), 1)
	if _, _, err := modelfile.Load(bytes.NewReader(newer), codec); err == nil || !strings.Contains(err.Error(), `version "9"`) {
		t.Errorf("newer: %v", err)
	}
	if _, _, err := modelfile.LoadFile(filepath.Join(t.TempDir(), "none"), codec); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

func TestSaveFileIsWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	if err := modelfile.SaveFile(path, &fake{Numbers: []float64{1}}, nil, codec); err != nil {
		t.Fatal(err)
	}
	if err := modelfile.SaveFile(path, nil, nil, codec); err == nil {
		t.Error("a model of no kind is written")
	}
	m, _, err := modelfile.LoadFile(path, codec)
	if err != nil || !cmp.Equal(m, kindred.Model(&fake{Numbers: []float64{1}})) {
		t.Errorf("%v, %v", m, err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("left over: %v", list)
	}
}

func FuzzLoad(f *testing.F) {
	raw := saved(f)
	f.Add(raw)
	f.Add(raw[:40])
	f.Add([]byte("\x20\x00\x00\x00\x00\x00\x00\x00{\"a\":1,\"a\":2}                     "))
	f.Fuzz(func(t *testing.T, b []byte) { modelfile.Load(bytes.NewReader(b), codec) })
}
