package linear

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/num"
)

// least are tasks of Gaussian rows y = X(u_g + v_t) + e, as a mixture sees them.
type least struct {
	x []*num.Matrix
	y [][]float64
}

func draw(random *rand.Rand, group []int, d int) least {
	var l least
	centres := num.NewDense(9, d)
	for i := range centres.Data {
		centres.Data[i] = random.NormFloat64()
	}
	for t, g := range group {
		n := 3 + t%5
		x, y := num.NewMatrix(n, d), make([]float64, n)
		for i := range n {
			_, row := x.Row(i)
			for j := range row {
				row[j] = random.NormFloat64()
			}
			y[i] = num.Dot(row, centres.Row(g)) + 0.5*random.NormFloat64()
		}
		l.x, l.y = append(l.x, x), append(l.y, y)
	}
	return l
}

func (l least) mixture(k int, group []int) *mixture {
	d := l.x[0].Cols
	a := &aspect{dims: d}
	for t, x := range l.x {
		v := view{noisy: true, rows: float64(x.Rows), rss: num.Dot(l.y[t], l.y[t])}
		h := make([]float64, d)
		x.AddMulTVec(h, l.y[t])
		v.value, v.q = num.SymEigen(num.Gram(x, nil, nil))
		v.q = transposed(v.q)
		for i := range d {
			v.along = append(v.along, num.Dot(v.q.Row(i), h))
		}
		a.views = append(a.views, v)
	}
	m := &mixture{tasks: len(l.x), noisy: true, k: k, group: slices.Clone(group)}
	m.add(a)
	return m
}

// density is log Π_g N(y_g; 0, C_g) without (2π)^(−n/2), with C_g of the rows of
// a group: shared·XXᵀ, and own·XXᵀ + noise·I within tasks.
func (l least) density(group []int, shared, own, noise float64) float64 {
	total := 0.0
	for g := range 9 {
		var rows [][]float64
		var task []int
		var y []float64
		for t := range group {
			for i := range l.y[t] {
				if group[t] == g {
					_, row := l.x[t].Row(i)
					rows, task, y = append(rows, row), append(task, t), append(y, l.y[t][i])
				}
			}
		}
		c := num.NewDense(len(y), len(y))
		for i := range y {
			for j := range y {
				v := shared
				if task[i] == task[j] {
					v += own
				}
				c.Set(i, j, v*num.Dot(rows[i], rows[j]))
			}
			c.Data[i*len(y)+i] += noise
		}
		if len(y) == 0 {
			continue
		}
		root := num.CholeskyLower(c)
		for i := range y {
			total -= math.Log(root.At(i, i))
		}
		total -= 0.5 * num.Dot(y, num.SolveSPD(c, y))
	}
	return total
}

// The score is the density of all labels, by dense covariances, and the prior of
// the groups.
func TestScoreIsTheDensity(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	group := []int{0, 1, 0, 2, 1, 0, 0}
	l := draw(random, group, 4)
	for _, v := range [][3]float64{{0, 0, 0}, {2, -3, -2}, {-4, 1, 1}} {
		m := l.mixture(3, group)
		m.aspects[0].shared, m.aspects[0].own, m.noise = v[0], v[1], v[2]
		m.refresh()
		// 2! (4! 2! 1!) / 9!
		want := l.density(group, math.Exp2(v[0]), math.Exp2(v[1]), math.Exp2(v[2])) + math.Log(2*24*2/362880.0)
		if got := m.score(); math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("variances %v: score %v, density and prior %v", v, got, want)
		}
		// a task that is taken out and put back leaves the score
		m.sweep()
		swept := m.score()
		if m.refresh(); math.Abs(m.score()-swept) > 1e-9*math.Abs(swept) || swept < want-1e-9 {
			t.Errorf("after a sweep %v, afresh %v, before %v", swept, m.score(), want)
		}
	}
}

// No division of eight tasks into two groups scores higher than the one found.
func TestBestDivisionIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		made := make([]int, 8)
		for i := range made {
			made[i] = random.IntN(2)
		}
		m := draw(random, made, 3).mixture(1, make([]int, 8))
		m.divide(t.Context(), 2, true)
		found := m.score()
		for code := range 1 << 8 {
			for i := range m.group {
				m.group[i] = code >> i & 1
			}
			if m.refresh(); m.score() > found+1e-9 {
				t.Fatalf("made %v: %v scores %v above %v", made, m.group, m.score(), found)
			}
		}
	}
}

// Tasks that are alike stay in one group.
func TestNoGroupsWhereThereAreNone(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 10 {
		one := make([]int, 8)
		m := draw(random, one, 3).mixture(1, one)
		if found := firstSeen(m.divide(t.Context(), mostGroups, false).group); slices.Max(found) > 0 {
			t.Errorf("found %v", found)
		}
	}
}

// The groups of many tasks, found among a sample, are those found among all.
func TestGroupsOfManyTasks(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	made := make([]int, mostDivided+200)
	for i := range made {
		made[i] = random.IntN(3)
	}
	tasks := draw(random, made, 4)
	all := tasks.mixture(1, make([]int, len(made)))
	want := all.divide(t.Context(), mostGroups, false)
	many := tasks.mixture(1, make([]int, len(made)))
	got := many.groups(t.Context(), mostGroups, false)
	differ := 0
	for i, g := range firstSeen(want.group) {
		if firstSeen(got)[i] != g {
			differ++
		}
	}
	if want.k != 3 || differ > len(made)/50 {
		t.Errorf("%d groups; %d of %d tasks are put elsewhere", want.k, differ, len(made))
	}
}

// The odds of two tasks are those of their labels' densities, by dense
// covariances.
func TestPairs(t *testing.T) {
	l := draw(rand.New(rand.NewPCG(9, 10)), []int{0, 1, 0, 2}, 3)
	m := l.mixture(1, make([]int, 4))
	m.aspects[0].shared, m.aspects[0].own, m.noise = 0, -2, -2
	pairs := m.pairs()
	for a := range 4 {
		for b := range a {
			two := least{x: []*num.Matrix{l.x[a], l.x[b]}, y: [][]float64{l.y[a], l.y[b]}}
			want := two.density([]int{0, 0}, 1, 0.25, 0.25) - two.density([]int{0, 1}, 1, 0.25, 0.25)
			if got := pairs.At(a, b); math.Abs(got-want) > 1e-8*max(1, math.Abs(want)) || got != pairs.At(b, a) {
				t.Errorf("tasks %d and %d: %v, by densities %v", a, b, got, want)
			}
		}
	}
}
