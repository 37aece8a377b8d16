package tape

import (
	"math"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/param"
)

// narrow is a copy of numbers in float32.
func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// In float32 a network has the outputs and the gradient of float64, rounded.
func TestFloat32(t *testing.T) {
	each(t, 150, func(t *testing.T, r *rig) {
		want := r.gradient(weights4)
		rows, n := r.run.Rows(), r.g.Params.Len()
		run := NewRun(r.g, narrow(r.run.Params), rows)
		run.Resize(rows)
		run.Train, run.State = true, narrow(r.run.State)
		copy(run.Task, r.run.Task)
		for i := range r.g.inputs {
			copy(run.Input(i), narrow(r.run.Input(i)))
		}
		for c := range run.Codes {
			copy(run.Codes[c], r.run.Codes[c])
		}
		for b, bag := range r.run.Bags {
			run.Bags[b] = Bag[float32]{Start: bag.Start, Index: bag.Index, Value: narrow(bag.Value)}
		}
		for s := range run.Shards() {
			run.Forward(s)
		}
		for i, y := range run.Value(r.out) {
			if v := r.run.Value(r.out)[i]; math.Abs(float64(y)-v) > 1e-4*(1+math.Abs(v)) {
				t.Fatalf("output %d is %v, in float64 %v", i, y, v)
			}
		}
		r.forward() // what played back may have changed adjoints
		r.loss(weights4, true)
		copy(run.Adjoint(r.out), narrow(r.run.Adjoint(r.out)))
		run.Ready()
		got, g := make([]float64, n), make([]float32, n)
		for s := range run.Shards() {
			run.Backward(s, g)
			for i, v := range g {
				got[i] += float64(v)
			}
		}
		off, size := 0.0, 0.0
		for i, v := range want {
			off, size = off+(got[i]-v)*(got[i]-v), size+v*v
		}
		if off > 1e-8*size {
			t.Errorf("the gradient is off by %v of itself", math.Sqrt(off/size))
		}
	})
}

// What a batch norm has measured comes to be the mean and the variance of the
// batch, over all its shards.
func TestSettle(t *testing.T) {
	for _, n := range networks() {
		if n.name != "batch norm" {
			continue
		}
		r := newRig(t, n, &param.Layout{Tasks: tasks}, false, 300)
		for range 200 {
			r.forward()
			r.run.Settle()
		}
		var norm *batchNorm
		for _, op := range r.g.ops {
			if o, ok := op.(*batchNorm); ok {
				norm = o
			}
		}
		x, w := r.run.Value(norm.x), r.g.Stride(norm.x)
		for j := range w {
			mean, square := 0.0, 0.0
			for i := range 300 {
				mean += x[i*w+j] / 300
				square += x[i*w+j] * x[i*w+j] / 300
			}
			if got := r.run.State[j]; math.Abs(got-mean) > 1e-6 {
				t.Errorf("column %d: mean %v, not %v", j, got, mean)
			}
			if got := r.run.State[w+j]; math.Abs(got-(square-mean*mean)) > 1e-6 {
				t.Errorf("column %d: variance %v, not %v", j, got, square-mean*mean)
			}
		}
		r.run.Train = false
		r.forward()
		shift := r.run.of(norm.shift)
		y := r.run.Value(norm.y)
		for j := range w {
			mean := 0.0
			for i := range 300 {
				mean += y[i*w+j] / 300
			}
			if math.Abs(mean-shift[j]) > 1e-5 {
				t.Errorf("column %d has mean %v when it predicts, not its shift %v", j, mean, shift[j])
			}
		}
	}
}

// Dropout drops its share of numbers and leaves their mean; a seed drops the same
// again, other rows and other seeds others; predictions drop nothing.
func TestDropout(t *testing.T) {
	const rows, width, rate = 400, 50, 0.3
	g := NewGraph(&param.Layout{Tasks: 1}, false)
	y := g.Dropout(g.Input(width), rate)
	g.Params.Seal()
	r := NewRun(g, []float64{}, rows)
	r.Resize(rows)
	for i := range r.Input(0) {
		r.Input(0)[i] = 1
	}
	play := func(train bool, seed uint64) []float64 {
		r.Train, r.Seed = train, seed
		for s := range r.Shards() {
			r.Forward(s)
		}
		return slices.Clone(r.Value(y))
	}
	a, n := play(true, 1), float64(rows*width)
	dropped := 0.0
	for _, v := range a {
		switch v {
		case 0:
			dropped++
		case 1 / (1 - rate):
		default:
			t.Fatalf("1 becomes %v", v)
		}
	}
	if math.Abs(dropped-rate*n) > 4*math.Sqrt(rate*(1-rate)*n) {
		t.Errorf("%v of %v numbers are dropped, not the share %v", dropped, n, rate)
	}
	if !slices.Equal(a, play(true, 1)) || slices.Equal(a, play(true, 2)) {
		t.Error("what is dropped does not depend on the seed alone")
	}
	if slices.Equal(a[:Shard*width], a[Shard*width:2*Shard*width]) || slices.Equal(a[:width], a[width:2*width]) {
		t.Error("rows or shards drop the same numbers")
	}
	if one := play(false, 1); slices.Min(one) != 1 || slices.Max(one) != 1 {
		t.Error("predictions drop numbers")
	}
}

// A choice grows sharp as it cools.
func TestHeat(t *testing.T) {
	g := NewGraph(&param.Layout{Tasks: 2}, false)
	y := g.Choose("c", 3, 0, true)
	g.Params.Seal()
	p := []float64{0.1, 0.4, 0.2, 0, -0.3, 0.2}
	r := NewRun(g, p, 1)
	r.Resize(1)
	for _, heat := range []float64{0, 1, 0.1, 1e-3} {
		r.Heat = heat
		r.Forward(0)
		for b := range 2 {
			w, sum := r.Value(y)[3*b:3*b+3], 0.0
			for _, v := range w {
				sum += v
			}
			at := heat
			if heat == 0 {
				at = 1
			}
			if math.Abs(sum-1) > 1e-12 || math.Abs(math.Log(w[1]/w[0])*at-(p[3*b+1]-p[3*b])) > 1e-9 && w[0] > 0 && w[1] > 0 {
				t.Errorf("heat %v: weights %v of %v", heat, w, p[3*b:3*b+3])
			}
		}
		if best := r.Value(y)[1]; heat == 1e-3 && best < 1-1e-12 {
			t.Errorf("a cold choice has weight %v", best)
		}
	}
}

// A code outside the table is its last row.
func TestUnknownCodes(t *testing.T) {
	g := NewGraph(&param.Layout{Tasks: 1}, false)
	y := g.Embed("a", 2, 1)
	g.Params.Seal()
	r := NewRun(g, []float64{10, 11, 12}, 5)
	r.Resize(5)
	copy(r.Codes[0], []int32{1, 0, -1, 2, 99})
	r.Forward(0)
	if got := r.Value(y); !slices.Equal(got, []float64{11, 10, 12, 12, 12}) {
		t.Errorf("vectors %v", got)
	}
}

// What a graph says of its nodes.
func TestNodes(t *testing.T) {
	g := NewGraph(&param.Layout{Tasks: tasks}, false)
	x := g.Input(5)
	z := trunk(g, "1", x, 4)
	branch := g.Dense(z, g.Bank("branch", 4, []int{2, 2}, pairs, param.Init{}), false)
	own := heads(g, branch, constant(tasks, 1))
	parts := experts(g, x)
	if !g.CommonNode(x) || !g.CommonNode(z) || g.CommonNode(branch) || g.CommonNode(parts) {
		t.Error("what serves every task is mistaken")
	}
	if g.BlockOf(z) != nil || !slices.Equal(g.BlockOf(branch), pairs) || !slices.Equal(g.BlockOf(own), identity(tasks)) {
		t.Error("the blocks of tasks are mistaken")
	}
	crossing := []int{0, 0, 1, 1}
	if !g.Nested(z, crossing) || g.Nested(branch, crossing) || !g.Nested(own, crossing) || !g.Nested(branch, constant(tasks, 0)) || !g.Nested(branch, identity(tasks)) {
		t.Error("which banks can read a node is mistaken")
	}
	sum := g.Add(g.Dense(branch, g.Bank("common", 2, []int{1, 1}, pairs, param.Init{}), false), own)
	g.Params.Seal()
	common := g.Block(&param.Block{Name: "common.bias", Cols: 1, Bounds: []int{0, 1, 2}})
	for task := range tasks {
		wantLo, wantHi := common.Entry(pairs[task])
		if lo, hi, ok := g.Bias(sum, task); !ok || lo != wantLo || hi != wantHi {
			t.Errorf("the constants of task %d are %d to %d, not %d to %d", task, lo, hi, wantLo, wantHi)
		}
	}
	if _, _, ok := g.Bias(x, 0); ok {
		t.Error("an input has constants")
	}
	if Activation("relu").Check() != nil || Activation("rely").Check() == nil {
		t.Error("activations are mistaken")
	}
}

// A layer for groups that cross those it reads cannot be, nor a batch larger than
// the arena: that is the caller's mistake.
func TestPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"crossing": func() {
			g := NewGraph(&param.Layout{Tasks: tasks}, false)
			b := g.Dense(g.Input(3), g.Bank("branch", 3, []int{2, 2}, pairs, param.Init{}), false)
			g.Dense(b, g.Bank("cross", 2, []int{1, 1}, []int{0, 0, 1, 1}, param.Init{}), false)
		},
		"widths": func() {
			g := NewGraph(&param.Layout{Tasks: 1}, false)
			g.Add(g.Input(3), g.Input(2))
		},
		"again": func() {
			g := NewGraph(&param.Layout{Tasks: 1}, false)
			g.Bank("a", 3, []int{2}, nil, param.Init{})
			g.Bank("a", 2, []int{2}, nil, param.Init{})
		},
		"arena": func() {
			g := NewGraph(&param.Layout{Tasks: 1}, false)
			g.Input(3)
			NewRun(g, []float64{}, 4).Resize(5)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
