package relate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/synth"
)

func related(t *testing.T, s *kindred.Set, m relate.Measure, o relate.Options) *relate.Relation {
	t.Helper()
	r, err := relate.Tasks(context.Background(), s, m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// planted is tasks in two groups that every measure can tell apart, so many as
// it affords: opposed weights, for labels on shared rows, and for features rows of
// another place, and for Fisher information, which knows no sign, other features
// of large values.
func planted(t *testing.T, measure string) (*kindred.Set, []int) {
	t.Helper()
	g := &synth.Tasks{Tasks: 10, Samples: 60, Features: 6, Clusters: 2, Opposing: true, Similarity: 0.9, Noise: 0.5, Seed: 3}
	switch measure {
	case "transfer", "higher-order":
		g.Tasks, g.Samples, g.Similarity = 6, 12, 0.99
	case "gp-covariance":
		g.Tasks, g.Samples = 6, 40
	case "net-vectors":
		g.Tasks, g.Samples = 6, 200
	case "principal-angles": // opposed weights span the same space
		g.Opposing, g.Similarity = false, 0.98
	case "net-gradients", "net-affinity", "net-lookahead": // heads take care of opposite signs
		g.Tasks, g.Samples, g.Opposing, g.Similarity, g.Noise, g.Seed = 8, 300, false, 0.99, -1, 1
	case "labels":
		g.Shared = true
	}
	s, truth, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	for k := range s.Tasks {
		for _, row := range s.Tasks[k].Rows {
			switch columns := s.Tasks[k].Table.Columns; {
			case measure == "features" && truth.Groups[k] == 1:
				columns[0].Number[row] += 1.5
			case measure == "fisher":
				columns[truth.Groups[k]].Number[row] *= 3
			}
		}
	}
	return s, truth.Groups
}

// measureOf is a measure for planted tasks: all there is to it, and for descriptions
// a table that tells the groups apart.
func measureOf(part catalog.Part[relate.Measure], s *kindred.Set, groups []int) relate.Measure {
	if part.Name != "descriptions" {
		return part.New()
	}
	d := &data.Descriptions{Name: "descriptions", Table: &kindred.Table{Columns: []kindred.Column{
		{Name: "size", Number: make([]float64, len(groups))},
		{Name: "side", Type: kindred.Categorical, Code: make([]int32, len(groups)), Level: []string{"east", "west"}},
	}}}
	for t, g := range groups {
		d.Tasks = append(d.Tasks, s.Tasks[t].Name)
		d.Table.Columns[0].Number[t] = float64(10*g) + float64(t%3)
		d.Table.Columns[1].Code[t] = int32(g)
	}
	return relate.Descriptions{Given: d}
}

// Every measure finds planted groups, by every clustering, and so does the
// silhouette; what is claimed of the matrix holds. Of the gradients of a network
// in training, which are mostly noise, less is asked: that tasks of a group are
// more alike.
func TestPlantedGroups(t *testing.T) {
	for _, part := range relate.All {
		s, groups := planted(t, part.Name)
		r := related(t, s, measureOf(part, s, groups), relate.Options{})
		checkClaims(t, r)
		within, across := means(r, groups)
		t.Logf("%-13s %.3f within groups, %.3f across", part.Name, within, across)
		if !(within > across) {
			t.Errorf("%s: %v within groups, %v across", part.Name, within, across)
		}
		if part.Name == "net-gradients" || part.Name == "net-affinity" || part.Name == "net-lookahead" {
			continue
		}
		for _, c := range relate.Clusterings {
			for _, k := range []int{2, 0} {
				g, err := relate.Group(r, c.New(), k)
				if err != nil {
					t.Fatal(err)
				}
				if rand := relate.AdjustedRand(groups, g.Groups); rand != 1 {
					t.Errorf("%s, %s, %d groups: adjusted Rand %.2f, groups %v, silhouette %.2f", part.Name, c.Name, k, rand, g.Groups, g.Silhouette)
				}
				if g.Count != 2 || g.Chosen != (k == 0) || !(g.Silhouette > 0.1) {
					t.Errorf("%s, %s: %+v", part.Name, c.Name, g)
				}
			}
		}
	}
}

// means are those of the entries of tasks of one group and of different ones.
func means(r *relate.Relation, groups []int) (within, across float64) {
	in, out := 0.0, 0.0
	for a := range groups {
		for b := range groups {
			switch {
			case a == b:
			case groups[a] == groups[b]:
				within, in = within+r.Matrix.At(a, b), in+1
			default:
				across, out = across+r.Matrix.At(a, b), out+1
			}
		}
	}
	return within / in, across / out
}

// checkClaims asks for a symmetric matrix of diagonal 1 and eigenvalues from 0
// where that is claimed, and for names and vectors always.
func checkClaims(t *testing.T, r *relate.Relation) {
	t.Helper()
	n := len(r.Tasks)
	if r.Matrix.Rows != n || r.Matrix.Cols != n || r.Vectors.Rows != n {
		t.Fatalf("%s: %d × %d and %d vectors for %d tasks", r.Measure, r.Matrix.Rows, r.Matrix.Cols, r.Vectors.Rows, n)
	}
	apart := 0.0
	for a := range n {
		for b := range n {
			apart = max(apart, math.Abs(r.Matrix.At(a, b)-r.Matrix.At(b, a)))
			if r.Symmetric && (math.Abs(r.Matrix.At(a, b)) > 1 || r.Matrix.At(a, a) != 1) {
				t.Errorf("%s: entry %v, diagonal %v", r.Measure, r.Matrix.At(a, b), r.Matrix.At(a, a))
			}
		}
	}
	if r.Symmetric != (apart == 0) {
		t.Errorf("%s: symmetric %v, and entries differ by %v", r.Measure, r.Symmetric, apart)
	}
	if values, _ := num.SymEigen(r.Matrix); r.Semidefinite && values[0] < -1e-10*float64(n) {
		t.Errorf("%s: eigenvalue %v", r.Measure, values[0])
	}
	if r.Semidefinite && !r.Symmetric {
		t.Errorf("%s: semidefinite and not symmetric", r.Measure)
	}
}

// The same seed gives the same relation to the last bit, with one processor and
// with several.
func TestDeterministic(t *testing.T) {
	for _, part := range relate.All {
		s, groups := planted(t, part.Name)
		m := measureOf(part, s, groups)
		s = s.Only(0, 1, 2)
		before := runtime.GOMAXPROCS(1)
		one := related(t, s, m, relate.Options{Seed: 5})
		runtime.GOMAXPROCS(4)
		four := related(t, s, m, relate.Options{Seed: 5})
		runtime.GOMAXPROCS(before)
		if !cmp.Equal(one, four, cmpopts.EquateNaNs()) {
			t.Errorf("%s depends on the number of workers", part.Name)
		}
	}
}

// Tasks in another order have the same relation in that order, the same map
// but for the sides of its axes, and the same groups.
func TestTheOrderOfTasksDoesNotMatter(t *testing.T) {
	order := []int{3, 0, 5, 1, 4, 2}
	for _, part := range relate.All {
		if strings.HasPrefix(part.Name, "net-") {
			continue // whose initial weights are drawn in the order of the tasks
		}
		s, groups := planted(t, part.Name)
		m := measureOf(part, s, groups)
		s = s.Only(0, 1, 2, 3, 4, 5)
		a, b := related(t, s, m, relate.Options{}), related(t, s.Only(order...), m, relate.Options{})
		worst := 0.0
		for i, p := range order {
			for j, q := range order {
				worst = max(worst, math.Abs(b.Matrix.At(i, j)-a.Matrix.At(p, q)))
			}
		}
		t.Logf("%-13s differs by %.1e", part.Name, worst)
		if worst > 1e-6 && part.Name != "gp-covariance" || worst > 1e-2 { // a Gaussian process ends its climb early
			t.Errorf("%s: the order of tasks makes a difference of %v", part.Name, worst)
		}
		for _, c := range relate.Clusterings {
			ga, err := relate.Group(a, c.New(), 0)
			if err != nil {
				t.Fatal(err)
			}
			gb, err := relate.Group(b, c.New(), 0)
			if err != nil {
				t.Fatal(err)
			}
			moved := make([]int, len(order))
			for i, p := range order {
				moved[i] = ga.Groups[p]
			}
			if relate.AdjustedRand(moved, gb.Groups) != 1 {
				t.Errorf("%s, %s: groups %v and %v", part.Name, c.Name, moved, gb.Groups)
			}
		}
	}
}

// docs/relate.md has a line for every measure and clustering.
func TestEverythingIsDocumented(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "docs", "relate.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(relate.All.Names(), relate.Clusterings.Names()...) {
		if !strings.Contains(string(raw), "\n| `"+name+"` |") {
			t.Errorf("docs/relate.md has no line for %s", name)
		}
	}
}

// What a measure cannot do it refuses in a sentence, as not applicable.
func TestRefusals(t *testing.T) {
	numbers, _ := planted(t, "weights")
	shared, _ := planted(t, "labels")
	classes := func(names ...string) kindred.Task {
		task := numbers.Tasks[0]
		task.Kind, task.Label.Classes, task.Label.Columns = kindred.Multiclass, names, [][]float64{make([]float64, len(task.Rows))}
		for i := range task.Rows {
			task.Label.Columns[0][i] = float64(i % len(names))
		}
		task.Name += strings.Join(names, "")
		return task
	}
	several := &kindred.Set{Tasks: []kindred.Task{classes("a", "b", "c"), classes("a", "b", "c", "d")}}
	many := &kindred.Set{}
	for k := range 301 {
		one := numbers.Tasks[0]
		one.Name = fmt.Sprint(k)
		many.Tasks = append(many.Tasks, one)
	}
	for _, c := range []struct {
		set     *kindred.Set
		measure relate.Measure
		want    string
	}{
		{numbers.Only(0), relate.Weights{}, "the only task"},
		{numbers, relate.Labels{}, "rows in common"},
		{shared, relate.Features{}, "the same rows"},
		{numbers, relate.Transfer{Pairs: 44}, "45 pairs"},
		{numbers, relate.Descriptions{}, "no table describes"},
		{many, relate.HigherOrder{}, "301 tasks"},
		{several, relate.Covariance{}, "several outputs"},
		{several, relate.GPCovariance{}, "takes regression"},
		{several, relate.Gradients{}, "different classes"},
		{several, relate.Affinity{}, "different classes"},
		{several, relate.Fisher{}, "different classes"},
		{several, relate.Vectors{}, "different classes"},
		{several, relate.NetVectors{}, "different classes"},
	} {
		_, err := relate.Tasks(context.Background(), c.set, c.measure, relate.Options{})
		if !errors.Is(err, compose.ErrNotApplicable) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%T: %v, want %q", c.measure, err, c.want)
		}
	}
	if _, err := relate.Tasks(context.Background(), &kindred.Set{}, relate.Weights{}, relate.Options{}); err == nil || errors.Is(err, compose.ErrNotApplicable) {
		t.Errorf("no task: %v", err)
	}
	// angles take what gradients refuse
	checkClaims(t, related(t, several, relate.Weights{}, relate.Options{}))
	checkClaims(t, related(t, several, relate.PrincipalAngles{}, relate.Options{}))
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := relate.Tasks(ctx, numbers, relate.Weights{}, relate.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// Tasks of a group help one another and opposed ones harm, on average, and none
// does otherwise beyond twice its standard error.
func TestTransferHasTheRightSigns(t *testing.T) {
	s, groups := planted(t, "transfer")
	r := related(t, s, relate.Transfer{}, relate.Options{})
	within, across := 0.0, 0.0
	for a := range groups {
		for b := range groups {
			gain, se := r.Matrix.At(a, b), r.Errors.At(a, b)
			switch {
			case a == b:
				continue
			case groups[a] == groups[b]:
				within += gain
			default:
				across += gain
				gain = -gain
			}
			if !(se > 0) || gain < -2*se {
				t.Errorf("tasks %d (group %d) and %d (group %d): gain %.3f ± %.3f", a, groups[a], b, groups[b], r.Matrix.At(a, b), se)
			}
		}
	}
	t.Logf("gains within groups sum to %.2f, across to %.2f", within, across)
	if !(within > 0 && across < 0) {
		t.Errorf("gains within groups sum to %.2f, across to %.2f", within, across)
	}
	// as μ grows without bound, tasks learned together are learned alone
	for i, gain := range related(t, s, relate.Transfer{Mu: 1e9}, relate.Options{}).Matrix.Data {
		if math.Abs(gain) > 1e-6 {
			t.Errorf("entry %d: gain %v of tasks that share nothing", i, gain)
		}
	}
}

// Labels on shared rows: the correlation as its formula has it, NaN without
// rows in common, and Cramér's V by χ².
func TestLabels(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	x, y := make([][]float64, 40), make([][]float64, 3)
	for i := range x {
		x[i] = []float64{random.NormFloat64()}
	}
	for k := range y {
		y[k] = make([]float64, len(x))
		for i := range x {
			y[k][i] = random.NormFloat64() + float64(k)*x[i][0]
			if k == 2 && i < 38 || k == 1 && i%3 == 0 {
				y[k][i] = math.NaN()
			}
		}
	}
	s, err := kindred.FromSlices(x, y...)
	if err != nil {
		t.Fatal(err)
	}
	r := related(t, s, relate.Labels{}, relate.Options{})
	var a, b []float64
	for i := range x {
		if !math.IsNaN(y[1][i]) {
			a, b = append(a, y[0][i]), append(b, y[1][i])
		}
	}
	if got, want := r.Matrix.At(0, 1), pearson(a, b); math.Abs(got-want) > 1e-12 {
		t.Errorf("correlation %v, want %v", got, want)
	}
	if !math.IsNaN(r.Matrix.At(0, 2)) || len(r.Warnings) != 1 || r.Semidefinite {
		t.Errorf("two rows in common: %v, warnings %q, semidefinite %v", r.Matrix.At(0, 2), r.Warnings, r.Semidefinite)
	}
	for t2 := range 3 {
		task := &s.Tasks[t2]
		task.Kind, task.Label.Classes = kindred.Multiclass, []string{"a", "b", "c", "d"}[:4-t2]
		for i := range task.Rows {
			task.Label.Columns[0][i] = float64(random.IntN(len(task.Label.Classes)))
		}
	}
	s.Tasks[1].Rows = s.Tasks[0].Rows[:len(s.Tasks[1].Rows)]
	r = related(t, s, relate.Labels{}, relate.Options{})
	n := len(s.Tasks[1].Rows)
	if got, want := r.Matrix.At(0, 1), cramer(s.Tasks[0].Y()[:n], s.Tasks[1].Y(), 4, 3); math.Abs(got-want) > 1e-12 {
		t.Errorf("Cramér's V %v, want %v", got, want)
	}
}

func pearson(a, b []float64) float64 {
	ma, mb, ab, aa, bb := 0.0, 0.0, 0.0, 0.0, 0.0
	for i := range a {
		ma, mb = ma+a[i]/float64(len(a)), mb+b[i]/float64(len(a))
	}
	for i := range a {
		ab, aa, bb = ab+(a[i]-ma)*(b[i]-mb), aa+(a[i]-ma)*(a[i]-ma), bb+(b[i]-mb)*(b[i]-mb)
	}
	return ab / math.Sqrt(aa*bb)
}

// cramer is √(χ²/n / min(k − 1, l − 1)).
func cramer(a, b []float64, k, l int) float64 {
	n, chi := float64(len(a)), 0.0
	for i := range k {
		for j := range l {
			both, left, right := 0.0, 0.0, 0.0
			for r := range a {
				if int(a[r]) == i {
					left++
				}
				if int(b[r]) == j {
					right++
				}
				if int(a[r]) == i && int(b[r]) == j {
					both++
				}
			}
			chi += (both - left*right/n) * (both - left*right/n) / (left * right / n)
		}
	}
	return math.Sqrt(chi / n / float64(min(k, l)-1))
}

// A copy of a task is at no distance from it, and tasks of other places are.
func TestFeatures(t *testing.T) {
	s, _ := planted(t, "features")
	s = s.Only(0, 1, 2)
	again := s.Tasks[0]
	again.Name = "copy"
	s.Tasks = append(s.Tasks, again)
	r := related(t, s, relate.Features{}, relate.Options{})
	if v := r.Matrix.At(0, 3); math.Abs(v-1) > 1e-9 {
		t.Errorf("a copy is like the task by %v", v)
	}
	if v := r.Matrix.At(0, 1); !(v < 0.9) {
		t.Errorf("tasks of different places are alike by %v", v)
	}
}

// In as many dimensions as tasks allow, the map has the distances of the
// relation.
func TestScaleKeepsDistances(t *testing.T) {
	s, _ := planted(t, "weights")
	r := related(t, s, relate.Weights{}, relate.Options{Dimensions: 20})
	d := relate.Distances(r)
	for a := range d.Rows {
		for b := range d.Rows {
			square := 0.0
			for c := range r.Vectors.Cols {
				v := r.Vectors.At(a, c) - r.Vectors.At(b, c)
				square += v * v
			}
			if math.Abs(math.Sqrt(square)-d.At(a, b)) > 1e-6 {
				t.Errorf("tasks %d and %d: %v on the map, %v apart", a, b, math.Sqrt(square), d.At(a, b))
			}
		}
	}
	for c := range r.Vectors.Cols {
		v := r.Vectors.Col(make([]float64, d.Rows), c)
		if low, high := slices.Min(v), slices.Max(v); high < -low*(1-1e-5) {
			t.Errorf("dimension %d goes from %v to %v", c, low, high)
		}
	}
}

// relation is a made-up one.
func relation(m *num.Dense) *relate.Relation {
	r := &relate.Relation{Matrix: m, Symmetric: true, Tasks: make([]string, m.Rows)}
	return r
}

// randomRelation is a correlation of random vectors.
func randomRelation(n int, random *rand.Rand) *relate.Relation {
	x := num.NewDense(n, 4)
	for i := range n {
		for c := range 4 {
			x.Set(i, c, random.NormFloat64())
		}
		num.Scale(x.Row(i), 1/num.Norm(x.Row(i)))
	}
	m := num.NewDense(n, n)
	for i := range n {
		for j := range n {
			m.Set(i, j, num.Dot(x.Row(i), x.Row(j)))
		}
		m.Set(i, i, 1)
	}
	return relation(m)
}

// No swap of a medoid improves k-medoids, and with few tasks it is seldom far
// from the best of all sets of medoids.
func TestKMedoids(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	best := 0
	for range 20 {
		r := randomRelation(9, random)
		d := relate.Distances(r)
		groups := relate.KMedoids{}.Cut(r, []int{3})[0].Groups
		got := medoidCost(d, groups)
		least := math.Inf(1)
		for a := range 9 {
			for b := range a {
				for c := range b {
					total := 0.0
					for t := range 9 {
						total += min(d.At(t, a), d.At(t, b), d.At(t, c))
					}
					least = min(least, total)
				}
			}
		}
		switch {
		case got < least-1e-12:
			t.Fatalf("cost %v below the least, %v", got, least)
		case got < least+1e-12:
			best++
		case got > 1.2*least:
			t.Errorf("cost %v, the least is %v", got, least)
		}
	}
	if best < 15 {
		t.Errorf("only %d of 20 are the best", best)
	}
}

// medoidCost is the sum of the distances to the best medoid of each group.
func medoidCost(d *num.Dense, groups []int) float64 {
	total := 0.0
	for g := range slices.Max(groups) + 1 {
		least := math.Inf(1)
		for m := range groups {
			sum := 0.0
			for t, of := range groups {
				if of == g {
					sum += d.At(t, m)
				}
			}
			if groups[m] == g {
				least = min(least, sum)
			}
		}
		total += least
	}
	return total
}

// Every clustering makes as many groups as are asked for, numbered in the order
// of their first tasks, also of tasks that lie in one place.
func TestCuts(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	same := num.NewDense(7, 7)
	for i := range same.Data {
		same.Data[i] = 1
	}
	for name, r := range map[string]*relate.Relation{"random": randomRelation(7, random), "one place": relation(same)} {
		for _, c := range relate.Clusterings {
			for k := 1; k <= 7; k++ {
				g, err := relate.Group(r, c.New(), k)
				if err != nil {
					t.Fatal(err)
				}
				seen := 0
				for _, group := range g.Groups {
					if group > seen {
						t.Errorf("%s, %s: groups %v", name, c.Name, g.Groups)
					}
					seen = max(seen, group+1)
				}
				if name == "random" && c.Name != "selection" && seen != k || seen > k {
					t.Errorf("%s, %s: %d groups where %d are asked for: %v", name, c.Name, seen, k, g.Groups)
				}
			}
			if _, err := relate.Group(r, c.New(), 8); err == nil {
				t.Errorf("%s: 8 groups of 7 tasks", c.Name)
			}
		}
	}
}

// Agreement is 1 with any increasing function of a relation and −1 with any
// decreasing one; the adjusted Rand index is that of counted pairs.
func TestAgreement(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	r := randomRelation(8, random)
	up, down := r.Matrix.Clone(), r.Matrix.Clone()
	for i, v := range r.Matrix.Data {
		up.Data[i], down.Data[i] = math.Exp(v), -v*v*v
	}
	if a, b := relate.Agreement(r, relation(up)), relate.Agreement(r, relation(down)); math.Abs(a-1) > 1e-12 || math.Abs(b+1) > 1e-12 {
		t.Errorf("agreement %v and %v, want 1 and −1", a, b)
	}
	flat := num.NewDense(8, 8)
	if v := relate.Agreement(r, relation(flat)); !math.IsNaN(v) {
		t.Errorf("agreement with a constant is %v", v)
	}
	for range 20 {
		a, b := make([]int, 9), make([]int, 9)
		for i := range a {
			a[i], b[i] = random.IntN(3), random.IntN(4)
		}
		both, left, right, all := 0.0, 0.0, 0.0, 0.0
		for i := range a {
			for j := range i {
				all++
				if a[i] == a[j] {
					left++
				}
				if b[i] == b[j] {
					right++
				}
				if a[i] == a[j] && b[i] == b[j] {
					both++
				}
			}
		}
		want := (both - left*right/all) / ((left+right)/2 - left*right/all)
		if got := relate.AdjustedRand(a, b); math.Abs(got-want) > 1e-12 {
			t.Errorf("adjusted Rand %v, want %v", got, want)
		}
	}
	if relate.AdjustedRand([]int{0, 0, 1, 1}, []int{5, 5, 2, 2}) != 1 {
		t.Error("groups of other numbers are other groups")
	}
}
