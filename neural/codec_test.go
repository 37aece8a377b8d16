package neural

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/weigh"
)

// everyKind is a set with a task of each kind and columns of several types,
// some cells and labels missing; apart, no task shares a row with another.
func everyKind(rows int, apart bool) *kindred.Set {
	random := rand.New(rand.NewPCG(3, 4))
	words := []string{"red", "green", "blue", "blue green", ""}
	number, other := kindred.Column{Name: "x"}, kindred.Column{Name: "z"}
	level, text := kindred.Column{Name: "level", Type: kindred.Categorical, Level: []string{"a", "b", "c"}}, kindred.Column{Name: "text", Type: kindred.Text}
	for range rows {
		number.Number = append(number.Number, random.NormFloat64())
		other.Number = append(other.Number, random.NormFloat64())
		level.Code = append(level.Code, int32(random.IntN(4)-1))
		text.Text = append(text.Text, words[random.IntN(len(words))])
	}
	table := &kindred.Table{Columns: []kindred.Column{number, other, level, text}}
	s := &kindred.Set{}
	for t, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Multiclass, kindred.Count, kindred.Regression} {
		task := kindred.Task{Name: fmt.Sprint("t", t), Kind: kind, Table: table, Label: kindred.Labels{Target: fmt.Sprint("y", t), Columns: [][]float64{nil}}}
		classes := map[kindred.Kind]int{kindred.Binary: 2, kindred.Multiclass: 3, kindred.Count: 4}[kind]
		for c := range classes {
			if kind.Classifies() {
				task.Label.Classes = append(task.Label.Classes, fmt.Sprint("c", c))
			}
		}
		for r := range rows {
			if apart && r%5 != t || !apart && random.IntN(5) == 0 {
				continue
			}
			y := number.Number[r]*other.Number[r] + float64(t)
			if classes > 0 {
				y = float64((max(0, int(2*number.Number[r]+2)) + t) % classes)
			}
			task.Rows, task.Label.Columns[0] = append(task.Rows, r), append(task.Label.Columns[0], y)
		}
		s.Tasks = append(s.Tasks, task)
	}
	return s
}

// networks are small methods of every architecture, in several forms.
func networks() map[string]Method {
	layers := arch.Layers{Hidden: []int{6, 4}}
	of := map[string]arch.Architecture{
		"shared":      &arch.Shared{Layers: layers, Tower: []int{3}},
		"no layers":   &arch.Shared{Layers: arch.Layers{Hidden: []int{}}},
		"norms":       &arch.Shared{Layers: arch.Layers{Hidden: []int{6, 4}, Norm: "batch", Activation: "tanh", Dropout: 0.2}},
		"learned":     &arch.Hierarchy{Layers: layers},
		"groups":      &arch.Hierarchy{Layers: layers, Groups: [][][]string{{{"t0", "t2"}, {"t1", "t3", "t4"}}}},
		"attach":      &arch.Hierarchy{Layers: layers, Attach: map[string]int{"t1": 1}},
		"attach none": &arch.Hierarchy{Layers: layers, Attach: map[string]int{}},
		"embedding":   &arch.Embedding{Layers: layers},
		"cosine":      &arch.Embedding{Layers: layers, Score: "cosine", Dim: 3},
		"film":        &arch.Conditioned{Layers: layers},
		"low-rank":    &arch.Conditioned{Layers: layers, How: "low-rank", Rank: 2},
		"mmoe":        &arch.MMoE{Layers: arch.Layers{Hidden: []int{6}, Norm: "layer"}, Experts: 2},
	}
	all := map[string]Method{}
	losses := []string{"", "huber", "gaussian", "quantiles"}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		all[name] = Method{Arch: of[name], Training: Training{Epochs: 2, Batch: 32, Loss: losses[len(all)%4]}, Prep: prep.Options{TextBits: 5}, Seed: 7}
	}
	return all
}

// saved is a model as a file.
func saved(t testing.TB, m kindred.Model, codec modelfile.Codec) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := modelfile.Save(&b, m, nil, codec); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// predicted is what a model says of a table.
func predicted(t testing.TB, m kindred.Model, table *kindred.Table, tasks []int) *kindred.Prediction {
	t.Helper()
	p, err := m.Predict(context.Background(), table, tasks)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A network read from its file predicts the same to the last bit, says the same
// of itself, and is the same file when saved again.
func TestSavedNetworksPredictTheSame(t *testing.T) {
	for name, method := range networks() {
		s := everyKind(160, name == "groups" || name == "mmoe")
		m, err := method.Fit(context.Background(), s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		file := saved(t, m, Codec)
		got, _, err := modelfile.Load(bytes.NewReader(file), Codec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		table := s.Tasks[0].Table
		for _, tasks := range [][]int{nil, {3, 1}} {
			want := predicted(t, m, table, tasks)
			for _, workers := range []int{1, 2} {
				was := runtime.GOMAXPROCS(workers)
				if d := cmp.Diff(want, predicted(t, got, table, tasks)); d != "" {
					t.Errorf("%s, %d workers (−saved +loaded):\n%s", name, workers, d)
				}
				runtime.GOMAXPROCS(was)
			}
		}
		if d := cmp.Diff(m.(*Model).Report(), got.(*Model).Report()); d != "" {
			t.Errorf("%s: report (−saved +loaded):\n%s", name, d)
		}
		if d := cmp.Diff([]any{m.Tasks(), m.Schema()}, []any{got.Tasks(), got.Schema()}); d != "" {
			t.Errorf("%s (−saved +loaded):\n%s", name, d)
		}
		if !bytes.Equal(file, saved(t, got, Codec)) {
			t.Errorf("%s: the file differs when saved again", name)
		}
	}
}

// The learned numbers lie in the file under the names and shapes that other
// languages expect of layers: outputs × inputs, float32.
func TestTensorsOfNetworks(t *testing.T) {
	s := everyKind(160, false)
	m, err := networks()["shared"].Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	file := saved(t, m, Codec)
	var head map[string]struct {
		Dtype string
		Shape []int
	}
	if err := json.Unmarshal(file[8:8+binary.LittleEndian.Uint64(file)], &head); err != nil && head == nil {
		t.Fatal(err)
	}
	shape := m.(*Model).prep.Shape()
	in := shape.Dense + m.(*Model).block("input.0").Cols + 32 // numbers, the vector of the level, that of the text
	for name, want := range map[string][]int{
		"param/trunk.0.weight": {6, in}, "param/trunk.0.bias": {6, 1}, "param/trunk.1.weight": {4, 6},
		"param/tower.0.weight": {15, 4}, "param/input.sparse": {shape.Sparse, 32}, "state": {0},
	} {
		if got := head[name]; got.Dtype != "F32" || fmt.Sprint(got.Shape) != fmt.Sprint(want) {
			t.Errorf("%s is %s of shape %v, not F32 of %v", name, got.Dtype, got.Shape, want)
		}
	}
}

// forged is a genuine model whose header is another.
type forged struct {
	*Model
	header json.RawMessage
}

// forger writes it, and reads headers.
var forger = modelfile.Codec{
	Kind: Codec.Kind,
	Encode: func(e *modelfile.Encoder, m kindred.Model) (any, bool, error) {
		f := m.(*forged)
		_, err := f.encode(e)
		return f.header, true, err
	},
	Decode: func(d *modelfile.Decoder, header json.RawMessage) (kindred.Model, error) {
		return &forged{header: header}, nil
	},
}

// headerOf is the header that a model has in a file.
func headerOf(t testing.TB, m kindred.Model) string {
	t.Helper()
	f, _, err := modelfile.Load(bytes.NewReader(saved(t, m, Codec)), forger)
	if err != nil {
		t.Fatal(err)
	}
	return string(f.(*forged).header)
}

// A header that lies is an error: no panic, and no more memory than the file is
// worth.
func TestHostileHeaders(t *testing.T) {
	s := everyKind(160, false)
	models := map[string]*Model{}
	for _, name := range []string{"shared", "cosine", "groups", "attach", "low-rank", "mmoe"} {
		m, err := networks()[name].Fit(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		models[name] = m.(*Model)
	}
	classes := strings.Repeat(`"c",`, 20_000) + `"c"`
	for i, c := range []struct{ model, from, to, want string }{
		{"shared", `"hidden":[6,4]`, `"hidden":[6,5]`, "of shape [4 6] where the network has"},
		{"shared", `"hidden":[6,4]`, `"hidden":[6,-4]`, "a layer of -4 units"},
		{"shared", `"hidden":[6,4]`, `"hidden":[6,1000000000]`, "a layer of 1000000000 units"},
		{"shared", `"hidden":[6,4]`, `"hidden":[16384,16384,16384,16384,16384,16384]`, "learned blocks where"},
		{"shared", `"hidden":[6,4]`, `"hidden":[6,4],"depth":3`, `no option "depth"`},
		{"shared", `"name":"shared"`, `"name":"shred"`, `did you mean "shared"`},
		{"shared", `"name":"shared"`, `"name":"embedding"`, "no option"},
		{"shared", `"kind":"multiclass"`, `"kind":"binary"`, "a binary task with 3 classes"},
		{"shared", `"classes":["c0","c1","c2"]`, `"classes":[]`, "multiclass task with 0 classes"},
		{"shared", `"classes":["c0","c1","c2"]`, `"classes":["c0","c1"]`, "where the network has"},
		{"shared", `"kind":"count"`, `"kind":"amount"`, `no kind of task "amount"`},
		{"shared", `"temperatures":[1,`, `"temperatures":[`, "5 tasks, 5 targets and 4 temperatures"},
		{"shared", `"temperatures":[1,`, `"temperatures":[0,`, "temperature 0"},
		{"shared", `"temperatures":[1,`, `"temperatures":[1e999,`, "a number is wanted"},
		{"shared", `"inputs":{"dense":2`, `"inputs":{"dense":3`, "of its preparation"},
		{"shared", `"params":[`, `"params":["x",`, `"param/x" is missing`},
		{"shared", `"params":[`, `"params":["trunk.0.bias",`, "learned blocks where"},
		{"shared", `"report":{`, `"report":{"groups":[0,1],`, "2 groups"},
		{"shared", `"report":{`, `"heat":-1,"report":{`, "heat is -1"},
		{"shared", `"loss":"quantiles"`, `"loss":"cube"`, `no loss "cube"`},
		{"cosine", `"dim":3`, `"dim":1025`, "dim is 1025"},
		{"cosine", `"classes":["c0","c1","c2"]`, `"classes":[` + classes + `]`, "learned numbers where a network of 5 tasks"},
		{"groups", `["t0","t2"]`, `["t0","t0"]`, "twice"},
		{"groups", `["t0","t2"]`, `["t0","t9"]`, "no task"},
		{"groups", `"groups":[[`, `"groups":[],"branches":1,"x":[[`, "no option"},
		{"groups", `[[["t0","t2"],["t1","t3","t4"]]]`, `[]`, "groups are empty"},
		{"attach", `"t1":1`, `"t1":3`, "layer 3 of 2"},
		{"low-rank", `"rank":2`, `"rank":-2`, "rank -2"},
		{"mmoe", `"experts":2`, `"experts":65`, "experts is 65"},
	} {
		m := models[c.model]
		genuine := headerOf(t, m)
		header := strings.Replace(genuine, c.from, c.to, 1)
		if header == genuine {
			t.Errorf("%d: no %s in %.3000s", i, c.from, genuine)
			continue
		}
		file := saved(t, &forged{m, json.RawMessage(header)}, forger)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := modelfile.Load(bytes.NewReader(file), Codec)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s → %.80s: %v, which does not say %q", c.from, c.to, err, c.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20+100*uint64(len(file)) {
			t.Errorf("%s → %.80s: %d bytes of memory for a file of %d", c.from, c.to, used, len(file))
		}
	}
}

// FuzzDecode reads headers beside genuine tensors: an error, or a network that
// predicts.
func FuzzDecode(f *testing.F) {
	s := everyKind(120, false)
	var models []*Model
	for _, name := range []string{"shared", "norms", "learned", "groups", "cosine", "low-rank", "mmoe"} {
		m, err := networks()[name].Fit(context.Background(), s)
		if err != nil {
			f.Fatal(err)
		}
		models = append(models, m.(*Model))
		header := headerOf(f, m)
		f.Add(uint8(len(models)-1), []byte(header))
		f.Add(uint8(len(models)-1), []byte(strings.Replace(header, `"report":`, `"training":{"seed":1,"options":{},"data":"","networks":[{"epoch":1,"best":{"epoch":1,"heat":0,"mean":1}}]},"report":`, 1)))
	}
	f.Fuzz(func(t *testing.T, which uint8, header []byte) {
		var b bytes.Buffer
		if modelfile.Save(&b, &forged{models[int(which)%len(models)], header}, nil, forger) != nil {
			return
		}
		m, _, err := modelfile.Load(&b, Codec)
		if err != nil {
			return
		}
		p, err := m.Predict(context.Background(), s.Tasks[0].Table, nil)
		if err == nil && len(p.Tasks) != len(m.Tasks()) {
			t.Errorf("%d of %d tasks", len(p.Tasks), len(m.Tasks()))
		}
		saved(t, m, Codec)
	})
}

// An architecture that no table names cannot be saved, and says so.
type strange struct{ arch.Shared }

func TestStrangeArchitectures(t *testing.T) {
	m, err := Method{Arch: &strange{arch.Shared{Layers: arch.Layers{Hidden: []int{4}}}}, Training: Training{Epochs: 1}}.Fit(context.Background(), made(40, 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := modelfile.Save(&b, m, nil, Codec); err == nil || !strings.Contains(err.Error(), "not in the table") {
		t.Errorf("saved: %v", err)
	}
	at := t.TempDir() + "/c"
	_, err = Method{Arch: &strange{}, Weighting: &weigh.PCGrad{}, Checkpoint: at}.Fit(context.Background(), made(40, 3, 2))
	if err == nil || !strings.Contains(err.Error(), "no checkpoint can be written") {
		t.Errorf("fitted with a checkpoint: %v", err)
	}
}

// What lies in the file is the network: its tensors, read by hand and put
// through the layers one after the other in float64, predict the same.
func TestNetworksByHand(t *testing.T) {
	s := made(60, 4, 3)
	m, err := Method{Arch: &arch.Shared{Layers: arch.Layers{Hidden: []int{6, 5}}}, Training: Training{Epochs: 3}}.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	file := saved(t, m, Codec)
	start := 8 + binary.LittleEndian.Uint64(file)
	var head map[string]struct {
		Shape   []int
		Offsets []int `json:"data_offsets"`
	}
	if err := json.Unmarshal(file[8:start], &head); head == nil {
		t.Fatal(err)
	}
	layer := func(name string, x []float64) []float64 { // W x + b
		read := func(what string, i int) float64 {
			at := head["param/"+name+what].Offsets[0] + 4*i
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(file[int(start)+at:])))
		}
		y := make([]float64, head["param/"+name+".weight"].Shape[0])
		for i := range y {
			y[i] = read(".bias", i)
			for j, v := range x {
				y[i] += v * read(".weight", i*len(x)+j)
			}
		}
		return y
	}
	table, n := s.Tasks[0].Table, m.(*Model)
	e, err := n.prep.Encode(context.Background(), table, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := predicted(t, m, table, nil)
	for r := range table.Len() {
		z := wide64(e.Dense[4*r : 4*r+4])
		for _, name := range []string{"trunk.0", "trunk.1"} {
			z = layer(name, z)
			for i := range z {
				z[i] = max(z[i], 0)
			}
		}
		for task, y := range layer("head", z) {
			want := y*n.targets[task].Scale + n.targets[task].Center
			if got := p.Tasks[task].Value[r]; !(math.Abs(got-want) < 1e-5*(1+math.Abs(want))) {
				t.Fatalf("row %d, task %d: %v, by hand %v", r, task, got, want)
			}
		}
	}
}
