package neural

import (
	"fmt"
	"math"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
)

// signed are tasks of 2 sin(2 x_0) + x_1, times a sign for each, on rows that
// they share or of their own.
func signed(rows int, shared bool, signs ...float64) *kindred.Set {
	s, table := &kindred.Set{}, numbers(rows, 2, 7)
	for i, sign := range signs {
		if !shared {
			table = numbers(rows, 2, uint64(8+i))
		}
		s.Tasks = append(s.Tasks, task(fmt.Sprint("t", i), kindred.Regression, table, 0, nil, func(x []float64) float64 {
			return sign * (2*math.Sin(2*x[0]) + x[1])
		}))
		s.Tasks[i].Label.Target = "y"
	}
	return s
}

// What tasks of one function learn is common, and nothing of opposed ones,
// whatever is shared of the network, on rows they share or not.
func TestSharesOfFunctions(t *testing.T) {
	for _, a := range []arch.Architecture{&arch.Shared{Layers: small}, &arch.Conditioned{Layers: small}, &arch.MMoE{Layers: small}} {
		for _, shared := range []bool{true, false} {
			m := Method{Arch: a, Training: Training{Epochs: 30, Batch: 32}}
			for _, c := range []struct {
				signs  []float64
				lo, hi float64
			}{{[]float64{1, 1}, 0.9, 1}, {[]float64{1, -1}, 0, 0.1}} {
				r := fit(t, m, signed(200, shared, c.signs...)).Report()
				if len(r.Shares) != 2 {
					t.Fatalf("%T: shares %v", a, r.Shares)
				}
				for _, s := range r.Shares {
					if !(s.Share >= c.lo && s.Share <= c.hi) {
						t.Errorf("%T, shared rows %v, signs %v: share %.3f", a, shared, c.signs, s.Share)
					}
				}
			}
		}
	}
}

// Every kind of task has a share, with each loss; a single task has none.
func TestSharesOfEveryKind(t *testing.T) {
	s := mixed(80)
	for _, loss := range losses {
		m := Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 2, Batch: 32, Loss: loss}}
		shares := fit(t, m, s).Report().Shares
		if len(shares) != 4 {
			t.Fatalf("%s: shares %v", loss, shares)
		}
		for i, x := range shares {
			if x.Task != s.Tasks[i].Name || !(x.Share >= 0 && x.Share <= 1) {
				t.Errorf("%s: %+v", loss, x)
			}
		}
		if shares[2].Share != 0 {
			t.Errorf("%s: share %v of a task whose classes no other has", loss, shares[2].Share)
		}
		if one := fit(t, m, s.Only(0)).Report().Shares; one != nil {
			t.Errorf("%s: shares %v of one task", loss, one)
		}
	}
}

// What is common of each layer: units by who has them, gates, choices, vectors
// and output layers by how alike they are.
func TestSharesOfLayers(t *testing.T) {
	hidden := arch.Layers{Hidden: arch.Units{6, 4}}
	layers := func(a arch.Architecture, s *kindred.Set) map[string]kindred.LayerShare {
		out := map[string]kindred.LayerShare{}
		for _, l := range fit(t, Method{Arch: a, Training: Training{Epochs: 20, Batch: 32}}, s).Report().Layers {
			if !(l.Share >= 0 && l.Share <= 1) {
				t.Errorf("%T: %+v", a, l)
			}
			out[l.Layer] = l
		}
		return out
	}
	same, other := signed(120, false, 1, 1, 1), signed(120, false, 1, -1, 1, -1)
	for _, c := range []struct {
		a     arch.Architecture
		layer string
		want  kindred.LayerShare
	}{
		{&arch.Shared{Layers: hidden}, "trunk.0", kindred.LayerShare{Of: "units", Share: 1}},
		{&arch.Shared{Layers: hidden, Share: arch.Fractions{0.5}}, "trunk.0", kindred.LayerShare{Of: "units", Share: 0.5}},
		{&arch.Shared{Layers: hidden, Share: arch.Fractions{0.5, 0.25}}, "trunk.1", kindred.LayerShare{Of: "units", Share: 0.25}},
		{&arch.Shared{Layers: hidden, Share: arch.Fractions{0}}, "head", kindred.LayerShare{Of: "units", Share: 0}},
		{&arch.Shared{Layers: hidden, Tower: arch.Units{3}}, "tower.0", kindred.LayerShare{Of: "units", Share: 0}},
		{&arch.Hierarchy{Layers: hidden, Groups: [][][]string{{{"t0", "t1"}, {"t2"}}}}, "trunk.1", kindred.LayerShare{Of: "units", Share: 1. / 3}},
	} {
		c.want.Layer = c.layer
		if got := layers(c.a, same)[c.layer]; math.Abs(got.Share-c.want.Share) > 1e-12 || got.Of != c.want.Of {
			t.Errorf("%+v: %+v, not %+v", c.a, got, c.want)
		}
	}
	for layer, a := range map[string]arch.Architecture{
		"head": &arch.Shared{Layers: hidden}, "gate": &arch.MMoE{Layers: hidden}, "stands": &arch.Hierarchy{Layers: hidden},
	} {
		alike, unlike := layers(a, same)[layer], layers(a, other)[layer]
		if alike.Of == "" || alike.Of == "units" || !(alike.Share > unlike.Share) {
			t.Errorf("%T: %+v of tasks that are one, %+v of opposed ones", a, alike, unlike)
		}
	}
	if l := layers(&arch.Conditioned{Layers: hidden}, same); l["vectors"].Of != "vectors" || l["trunk.0"].Share != 1 {
		t.Errorf("one network that is told the task: %+v", l)
	}
	if l := layers(&arch.Embedding{Layers: hidden}, same)["head"]; l.Of != "vectors" || l.Share < 0.9 {
		t.Errorf("vectors of one task: %+v", l)
	}
}

// Gates that are one have share 1, and those that choose different experts 0.
func TestAlikeness(t *testing.T) {
	one, two := []float64{1, 0}, []float64{0, 1}
	for _, c := range []struct {
		p    [][]float64
		want float64
	}{{[][]float64{one, one}, 1}, {[][]float64{{0.3, 0.7}, {0.3, 0.7}, {0.3, 0.7}}, 1}, {[][]float64{one, two}, 0}} {
		if got := alikeness([][][]float64{c.p, c.p}); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: %v, not %v", c.p, got, c.want)
		}
	}
	if got := alikeness([][][]float64{{one, two, {0.5, 0.5}}}); !(got > 0 && got < 1) {
		t.Errorf("%v", got)
	}
}

// Two groups of tasks, one the opposite of the other: what is common is each
// group's, in a hierarchy that is given; one that is learned has a level too.
func TestLevelsOfAHierarchy(t *testing.T) {
	s := signed(150, false, 1, 1, -1, -1)
	hidden := arch.Layers{Hidden: arch.Units{8, 8}}
	given := fit(t, Method{Arch: &arch.Hierarchy{Layers: hidden, Groups: [][][]string{{{"t0", "t1"}, {"t2", "t3"}}}}, Training: Training{Epochs: 30, Batch: 32}}, s).Report()
	for _, x := range given.Shares {
		if len(x.Levels) != 3 || !(x.Share > 0.8 && x.Levels[1] > 3*x.Levels[0] && x.Levels[1] > x.Levels[2]) || x.Levels[2] != x.Private {
			t.Errorf("%+v", x)
		}
	}
	learned := fit(t, Method{Arch: &arch.Hierarchy{Layers: hidden}, Training: Training{Epochs: 5, Batch: 32}}, s).Report()
	for _, x := range learned.Shares {
		if len(x.Levels) != 3 {
			t.Errorf("%+v", x)
		}
	}
	flat := fit(t, Method{Arch: &arch.Hierarchy{Layers: hidden, Attach: map[string]int{"t0": 1}}, Training: Training{Epochs: 2, Batch: 32}}, s).Report()
	if x := flat.Shares[0]; x.Levels != nil {
		t.Errorf("%+v of a task that stands on a layer", x)
	}
}
