package arch_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/arch/archtest"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/tape"
)

func TestAll(t *testing.T) { archtest.All(t) }

// begin is a network as it begins: its parameters, and the outputs of one task.
func begin(a arch.Architecture, seed uint64) (*param.Layout, []float32, []float32) {
	l := &param.Layout{}
	g, out := arch.Record(a, arch.Inputs{Dense: 4, Levels: []int{5}}, []arch.Task{{Name: "a", Outputs: 2}}, l, false)
	p := make([]float32, l.Len())
	param.Begin(l, p, seed)
	const rows = 9
	r := tape.NewRun(g, p, rows)
	r.State = make([]float32, g.StateLen())
	tape.BeginState(g, r.State)
	r.Resize(rows)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range r.Input(0) {
		r.Input(0)[i] = float32(random.NormFloat64())
	}
	for i := range rows {
		r.Codes[0][i] = int32(i%6) - 1
	}
	r.Forward(0)
	return l, p, slices.Clone(r.Value(out[0]))
}

// With one task, what is shared hard, what branches nowhere and what has one
// expert are one network, to the last bit.
func TestOneTask(t *testing.T) {
	for _, l := range []arch.Layers{{Hidden: arch.Units{6, 5, 4}}, {Hidden: arch.Units{6}, Norm: "batch", Dropout: 0.5}, {Hidden: arch.Units{6, 5}, Norm: "layer", Activation: tape.SiLU}} {
		layout, p, y := begin(&arch.Shared{Layers: l}, 3)
		for _, a := range []arch.Architecture{
			&arch.Hierarchy{Layers: l}, &arch.Hierarchy{Layers: l, Branches: 1}, &arch.MMoE{Layers: l, Experts: 1},
			&arch.Shared{Layers: l, Share: arch.Fractions{0.5}},
		} {
			other, q, z := begin(a, 3)
			if !slices.Equal(p, q) || !slices.Equal(y, z) {
				t.Errorf("%T%+v begins otherwise than hard sharing", a, a)
			}
			for i, b := range layout.Blocks {
				if other.Blocks[i].Name != b.Name || other.Blocks[i].At != b.At {
					t.Errorf("%T: block %q at %d, not %q at %d", a, other.Blocks[i].Name, other.Blocks[i].At, b.Name, b.At)
				}
			}
		}
		if _, _, z := begin(&arch.Shared{Layers: l}, 4); slices.Equal(y, z) {
			t.Error("another seed begins alike")
		}
	}
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]arch.Units{`[3,2]`: {3, 2}, `"128-64"`: {128, 64}, `7`: {7}, `"7"`: {7}, `[]`: {}, `null`: nil} {
		var u arch.Units
		if err := json.Unmarshal([]byte(text), &u); err != nil || !slices.Equal(u, want) || (u == nil) != (want == nil) {
			t.Errorf("%s is %v, %v; not %v", text, u, err, want)
		}
	}
	for _, text := range []string{`"a"`, `"3-"`, `1.5`, `{}`, `"3 - 2"`} {
		var u arch.Units
		if err := json.Unmarshal([]byte(text), &u); err == nil {
			t.Errorf("%s is taken as %v", text, u)
		}
	}
}

// Options that cannot be are told so, by their names.
func TestCheck(t *testing.T) {
	two := arch.Layers{Hidden: arch.Units{3, 2}}
	with := func(set func(*arch.Layers)) *arch.Shared {
		s := &arch.Shared{Layers: two}
		set(&s.Layers)
		return s
	}
	for word, a := range map[string]arch.Architecture{
		"hidden":     with(func(l *arch.Layers) { l.Hidden = arch.Units{0} }),
		"layers":     with(func(l *arch.Layers) { l.Hidden = make(arch.Units, 17) }),
		"activation": with(func(l *arch.Layers) { l.Activation = "rely" }),
		"norm":       with(func(l *arch.Layers) { l.Norm = "batches" }),
		"dropout":    with(func(l *arch.Layers) { l.Dropout = 1 }),
		"dropout is": with(func(l *arch.Layers) { l.Dropout = math.NaN() }),
		"tower":      &arch.Shared{Tower: arch.Units{-1}},
		"tower has":  &arch.MMoE{Tower: arch.Units{1 << 20}},
		"experts":    &arch.MMoE{Experts: 65},
		"dim":        &arch.Embedding{Dim: -1},
		"score":      &arch.Embedding{Score: "cos"},
		"way":        &arch.Conditioned{How: "columns"},
		"rank":       &arch.Conditioned{Rank: 3},
		"dim is":     &arch.Conditioned{Dim: 1 << 20},
		"branches":   &arch.Hierarchy{Layers: two, Branches: -1},
		"both":       &arch.Hierarchy{Layers: two, Groups: [][][]string{{{"a"}}}, Attach: map[string]int{"a": 1}},
		"above":      &arch.Hierarchy{Layers: two, Groups: [][][]string{{{"a"}}}, Branch: 2},
		"empty":      &arch.Hierarchy{Layers: two, Groups: [][][]string{}},
		"is for":     &arch.Hierarchy{Layers: two, Attach: map[string]int{"a": 1}, Branch: 1},
		"is learned": &arch.Hierarchy{Layers: two, Attach: map[string]int{"a": 1}, Branches: 2},
		"branch is":  &arch.Hierarchy{Layers: two, Branch: 3},
		"hierarchy":  &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{}}},
		"attach":     &arch.Hierarchy{Layers: two, Attach: map[string]int{"a": 3}},
	} {
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%T: %v does not name %q", a, err, word)
		}
	}
	tasks := []arch.Task{{Name: "a", Outputs: 1}, {Name: "b", Outputs: 1}, {Name: "c", Outputs: 1}}
	for word, h := range map[string]*arch.Hierarchy{
		"no task":   {Attach: map[string]int{"x": 1}},
		`"x"`:       {Groups: [][][]string{{{"a", "b", "c", "x"}}}},
		"twice":     {Groups: [][][]string{{{"a", "b"}, {"c", "a"}}}},
		"leave out": {Groups: [][][]string{{{"a", "b"}}}},
		"empty one": {Groups: [][][]string{{{"a", "b", "c"}, {}}}},
		"apart":     {Groups: [][][]string{{{"a", "b"}, {"c"}}, {{"a"}, {"b", "c"}}}},
	} {
		if err := h.CheckTasks(tasks); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %q", err, word)
		}
	}
}

// hostile draws options of an architecture, of which some are wrong.
type hostile struct{ *rand.Rand }

func (h hostile) one(words ...string) string { return words[h.IntN(len(words))] }

func (h hostile) units() arch.Units {
	if h.IntN(5) == 0 {
		return nil
	}
	u := arch.Units{}
	for range h.IntN(4) {
		u = append(u, h.IntN(8))
	}
	return u
}

func (h hostile) layers() arch.Layers {
	return arch.Layers{
		Hidden: h.units(), Activation: tape.Activation(h.one(append([]string{"", "", "", "no"}, tape.Activations...)...)),
		Norm: h.one("", "none", "layer", "batch", "no"), Dropout: []float64{0, 0.5, 1 - 1e-12, 1, -0.1, math.NaN()}[h.IntN(6)],
	}
}

// groups draws groups of tasks, mostly partitions.
func (h hostile) groups(tasks []arch.Task) [][][]string {
	var levels [][][]string
	if h.IntN(4) == 0 {
		levels = [][][]string{}
	}
	k := 0
	for range h.IntN(4) {
		k = min(k+1+h.IntN(2), len(tasks))
		level := make([][]string, k)
		for t, task := range tasks {
			g := t * k / len(tasks)
			if h.IntN(20) == 0 {
				g = h.IntN(k)
			}
			level[g] = append(level[g], task.Name)
		}
		h.Shuffle(k, func(i, j int) { level[i], level[j] = level[j], level[i] })
		levels = append(levels, level)
	}
	return levels
}

func (h hostile) architecture(tasks []arch.Task) arch.Architecture {
	l, small := h.layers(), func() int { return h.IntN(7) - 1 }
	switch h.IntN(5) {
	case 0:
		return &arch.Shared{Layers: l, Tower: h.units()}
	case 1:
		return &arch.MMoE{Layers: l, Experts: small(), Tower: h.units()}
	case 2:
		return &arch.Embedding{Layers: l, Dim: small(), Score: h.one("", "dot", "cosine")}
	case 3:
		return &arch.Conditioned{Layers: l, Dim: small(), How: h.one("", "film", "concat", "low-rank"), Rank: max(0, small()) * h.IntN(2)}
	}
	a := &arch.Hierarchy{Layers: l}
	switch h.IntN(3) {
	case 0:
		a.Groups, a.Branch = h.groups(tasks), small()
	case 1:
		a.Attach = map[string]int{}
		for _, t := range tasks {
			if d := h.IntN(4); d > 0 {
				a.Attach[t.Name] = d
			}
		}
	case 2:
		a.Branches = small()
	}
	return a
}

func (h hostile) tasks() []arch.Task {
	tasks := make([]arch.Task, 1+h.IntN(6))
	for t := range tasks {
		tasks[t] = arch.Task{Name: fmt.Sprint("t", t), Outputs: 1 + h.IntN(3), Alike: h.one("", "a", "b")}
	}
	return tasks
}

func (h hostile) inputs() arch.Inputs {
	in := arch.Inputs{Dense: h.IntN(3), Sparse: h.IntN(3)}
	for range h.IntN(3) {
		in.Levels = append(in.Levels, h.IntN(4))
	}
	if in.Dense+in.Sparse+len(in.Levels) == 0 {
		in.Dense = 1
	}
	return in
}

// What passes Check can be recorded, played and played back, of any tasks.
func TestHostile(t *testing.T) {
	h, taken := hostile{rand.New(rand.NewPCG(1, 2))}, map[string]int{}
	for range 4000 {
		tasks := h.tasks()
		a, in := h.architecture(tasks), h.inputs()
		if a.Check() != nil {
			continue
		}
		if c, ok := a.(interface{ CheckTasks([]arch.Task) error }); ok && c.CheckTasks(tasks) != nil {
			continue
		}
		taken[arch.All.NameOf(a)]++
		play(t, a, in, tasks)
	}
	t.Log("taken:", taken)
	for _, part := range arch.All {
		if taken[part.Name] < 50 {
			t.Errorf("only %d draws of %s were taken", taken[part.Name], part.Name)
		}
	}
}

// play plays a network forwards and backwards, in both kinds of batches.
func play(t *testing.T, a arch.Architecture, in arch.Inputs, tasks []arch.Task) {
	t.Helper()
	defer func() {
		if e := recover(); e != nil {
			t.Fatalf("%T%+v of %+v and %+v: %v", a, a, in, tasks, e)
		}
	}()
	l := &param.Layout{}
	for _, long := range []bool{false, true} {
		g, out := arch.Record(a, in, tasks, l, long)
		p, rows := make([]float32, l.Len()), len(tasks)
		param.Begin(l, p, 1)
		r := tape.NewRun(g, p, rows)
		r.State = make([]float32, g.StateLen())
		tape.BeginState(g, r.State)
		r.Resize(rows)
		r.Train = true
		for i := range rows {
			r.Task[i] = int32(i)
			for b := range r.Bags {
				r.Bags[b].Start = append(r.Bags[b].Start, 0)
			}
		}
		for b := range r.Bags {
			r.Bags[b].Start = append(r.Bags[b].Start, 0)
		}
		r.Forward(0)
		r.Ready()
		r.Backward(0, make([]float32, l.Len()))
		for i, task := range tasks {
			at, width := g.Place(out[i], i)
			if width != task.Outputs {
				t.Fatalf("%T%+v: task %d has %d outputs, not %d", a, a, i, width, task.Outputs)
			}
			for _, y := range r.Value(out[i])[i*g.Stride(out[i])+at:][:width] {
				if math.IsNaN(float64(y)) {
					t.Fatalf("%T%+v: task %d predicts %v", a, a, i, y)
				}
			}
		}
	}
}

// A share of 1 is hard sharing to the last bit; with a share of 0 no task has a
// parameter that another one uses, and each has as many as a network alone.
func TestShares(t *testing.T) {
	for _, l := range []arch.Layers{{Hidden: arch.Units{6, 5, 4}}, {Hidden: arch.Units{6}, Norm: "batch", Dropout: 0.5}} {
		a, p, y := begin(&arch.Shared{Layers: l}, 3)
		b, q, z := begin(&arch.Shared{Layers: l, Share: arch.Fractions{1}}, 3)
		if !slices.Equal(p, q) || !slices.Equal(y, z) || len(a.Blocks) != len(b.Blocks) {
			t.Errorf("%+v: a share of 1 begins otherwise than hard sharing", l)
		}
	}
	in := arch.Inputs{Dense: 4}
	sizes := func(a arch.Architecture, tasks ...arch.Task) (shared int, owned []int) {
		params := &param.Layout{}
		arch.Record(a, in, tasks, params, false)
		for i := range tasks {
			n := 0
			params.Owned(i, func(lo, hi int) { n += hi - lo })
			owned = append(owned, n)
		}
		return params.Shared(), owned
	}
	l := arch.Layers{Hidden: arch.Units{6, 5}}
	tasks := []arch.Task{{Name: "a", Outputs: 1, Alike: "y"}, {Name: "b", Outputs: 1, Alike: "y"}, {Name: "c", Outputs: 2}}
	shared, owned := sizes(&arch.Shared{Layers: l, Share: arch.Fractions{0}}, tasks...)
	if shared != 0 {
		t.Errorf("%d parameters are shared where nothing is", shared)
	}
	for i := range tasks {
		if _, alone := sizes(&arch.Shared{Layers: l}, tasks[i]); owned[i] != alone[0] {
			t.Errorf("task %d has %d parameters, alone %d", i, owned[i], alone[0])
		}
	}
	// 3 of 6 units and 1 of 4 are common: 4 → 3, 3 → 1; own 4 → 3, 3+3 → 3.
	shared, owned = sizes(&arch.Shared{Layers: arch.Layers{Hidden: arch.Units{6, 4}}, Share: arch.Fractions{0.5, 0.25}}, tasks...)
	if shared != (4+1)*3+(3+1)*1+(1+1)*1+(1+1)*2 || owned[0] != (4+1)*3+(6+1)*3+(4+1) {
		t.Errorf("%d parameters are shared, and %d of the first task", shared, owned[0])
	}
}

// What share may be, as options have it.
func TestFractions(t *testing.T) {
	for text, want := range map[string]arch.Fractions{`0.5`: {0.5}, `[1,0.25]`: {1, 0.25}, `[]`: {}, `null`: nil} {
		var f arch.Fractions
		if err := json.Unmarshal([]byte(text), &f); err != nil || !slices.Equal(f, want) {
			t.Errorf("%s is %v, %v; not %v", text, f, err, want)
		}
	}
	for _, text := range []string{`"half"`, `{}`, `[[1]]`} {
		var f arch.Fractions
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s is taken as %v", text, f)
		}
	}
	for word, share := range map[string]arch.Fractions{"from 0 to 1": {1.5}, "3 numbers": {1, 1, 1}, "would read": {0, 0.5}, "is NaN": {math.NaN()}} {
		a := &arch.Shared{Layers: arch.Layers{Hidden: arch.Units{4, 4}}, Share: share}
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v: %v", share, err)
		}
	}
}
