package linear_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
)

// fixtures are what scikit-learn found; testdata/scikit_learn.py made them.
type fixtures struct {
	Versions map[string]string      `json:"versions"`
	X        [][]float64            `json:"x"`
	Targets  map[string][][]float64 `json:"targets"`
	Cases    []sklearnFit           `json:"cases"`
}

// A sklearnFit is one estimator's: λ, weights and objective are those of our
// problem on labels as they are.
type sklearnFit struct {
	Name             string      `json:"name"`
	Target           string      `json:"target"`
	Lambda           float64     `json:"lambda"`
	Alpha            float64     `json:"alpha"`
	L1Ratio          float64     `json:"l1_ratio"`
	Delta            float64     `json:"delta"`
	InterceptScaling float64     `json:"intercept_scaling"`
	Mu               float64     `json:"mu"`   // above 0: row i is of task i mod 3
	Coef             [][]float64 `json:"coef"` // outputs × features
	Intercept        []float64   `json:"intercept"`
	Objective        float64     `json:"objective"`
}

func readFixture(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// set is the targets of a case as tasks that share rows, or its target as
// tasks with rows of their own. Targets are called one, so that they share a
// scale.
func (f *fixtures) set(t *testing.T, c sklearnFit) *kindred.Set {
	t.Helper()
	target := c.Target
	s, err := kindred.FromSlices(f.X, f.Targets[target]...)
	if c.Mu > 0 {
		tasks := make([]string, len(f.X))
		for i := range tasks {
			tasks[i] = strconv.Itoa(i % 3)
		}
		s, err = kindred.FromRows(f.X, tasks, f.Targets[target][0])
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Tasks {
		s.Tasks[i].Label.Target = target
		if target == "count" {
			s.Tasks[i].Kind = kindred.Count
		}
	}
	return s
}

// method says the case in our words. We divide labels by their deviation s:
// the problem becomes 1/s² times the one as given, W becomes W/s, and so λ
// stays with ‖W‖², is λ/s with norms, and δ is δ/s.
func (c *sklearnFit) method(s float64) linear.Method {
	m := linear.Method{C: 1 / c.Lambda, Tol: 1e-10, MaxIter: 100_000, NoProbability: true, Prep: prep.Options{Scale: "none"}}
	switch c.Name {
	case "ridge", "logistic", "poisson":
	case "shared_ridge":
		m.Penalty = &penalty.Shared{Mu: c.Mu}
	case "shared_hinge":
		m.Penalty, m.Loss, m.Solver = &penalty.Shared{Mu: c.Mu}, loss.Hinge{}, "dualcd"
	case "shared_squared_hinge":
		m.Penalty, m.Loss, m.Solver = &penalty.Shared{Mu: c.Mu}, loss.SquaredHinge{}, "dualcd"
	case "svc":
		m.Loss, m.Solver = loss.Hinge{}, "interior"
	case "linearsvc_hinge":
		m.Loss, m.Solver, m.InterceptScaling = loss.Hinge{}, "dualcd", c.InterceptScaling
	case "linearsvc_squared_hinge":
		m.Loss, m.Solver, m.InterceptScaling = loss.SquaredHinge{}, "dualcd", c.InterceptScaling
	case "lasso":
		m.Penalty, m.C, m.Alpha = penalty.Lasso{}, 0, c.Alpha/s
	case "multi_task_lasso":
		m.Penalty, m.C, m.Alpha = penalty.L21{}, 0, c.Alpha/s
	case "elastic_net":
		both := c.L1Ratio/s + 1 - c.L1Ratio
		m.Penalty, m.C, m.Alpha = &penalty.ElasticNet{L1Ratio: c.L1Ratio / s / both}, 0, c.Alpha*both
	case "huber":
		m.Loss = &loss.Huber{Delta: c.Delta / s}
	default:
		panic("no method for " + c.Name)
	}
	return m
}

// The objective is scikit-learn's or below it, and the weights are its.
func TestScikitLearn(t *testing.T) {
	var f fixtures
	readFixture(t, "sklearn.json", &f)
	seen := map[string]bool{}
	for _, c := range f.Cases {
		seen[c.Name] = true
		set := f.set(t, c)
		target := prep.FitTargets(set)[0]
		s := target.Scale
		model := fit(t, c.method(s), set)
		objective := s * s * model.Report().Objective
		off := (objective - c.Objective) / c.Objective
		t.Logf("%s, λ = %.4g by %s: %.12g, scikit-learn %.12g (%+.1e)", c.Name, c.Lambda, model.Report().Solver, objective, c.Objective, off)
		if off > 1e-9 || off < -1e-6 || math.IsNaN(off) {
			t.Errorf("%s, λ = %v: the objective %.12g is %.1e off scikit-learn's %.12g", c.Name, c.Lambda, objective, off, c.Objective)
		}
		for task := range set.Tasks {
			w, b := model.Weights(task)
			for j := range w.Data {
				w.Data[j] *= s
			}
			near(t, c.Name+": weights", w.Data, c.Coef[task], 1e-4)
			near(t, c.Name+": intercept", []float64{s*b[0] + target.Center}, c.Intercept[task:task+1], 1e-4)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d estimators were met", len(seen))
	}
}

// classic is make_classification's example: 1,000 rows of 20 features, and
// the same binary target as often as asked.
func classic(t testing.TB, targets int) *kindred.Set {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "classic.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(zipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	records = records[1:]
	x, y := make([][]float64, len(records)), make([]float64, len(records))
	for i, r := range records {
		x[i] = make([]float64, len(r)-1)
		for j := range r {
			v, err := strconv.ParseFloat(r[j], 64)
			if err != nil {
				t.Fatal(err)
			}
			if j < len(x[i]) {
				x[i][j] = v
			} else {
				y[i] = v
			}
		}
	}
	ys := make([][]float64, targets)
	for i := range ys {
		ys[i] = y
	}
	s, err := kindred.FromSlices(x, ys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// classicFits are what scikit-learn finds at C = 1.
type classicFits struct {
	SVC         float64     `json:"svc"`      // primal objective
	SVCDual     float64     `json:"svc_dual"` // no objective is below it
	Accuracy    float64     `json:"svc_accuracy"`
	Logistic    float64     `json:"logistic"`
	Probability [][]float64 `json:"probability"` // of the rows, by seed
}

func TestClassicExample(t *testing.T) {
	var want classicFits
	readFixture(t, "probability.json", &want)
	s := classic(t, 1)
	plain := prep.Options{Scale: "none"}
	hinge := fit(t, linear.Method{Loss: loss.Hinge{}, Solver: "interior", C: 1, Tol: 1e-9, NoProbability: true, Prep: plain}, s)
	got := hinge.Report().Objective
	t.Logf("SVM: %.10g, SVC %.10g, its dual %.10g", got, want.SVC, want.SVCDual)
	if got > want.SVC*(1+1e-12) || got < want.SVCDual*(1-1e-9) || math.Abs(got/376.8982-1) > 1e-6 {
		t.Errorf("the SVM's objective is %.10g, SVC reaches %.10g and no one %.10g", got, want.SVC, want.SVCDual)
	}
	logistic := fit(t, linear.Method{C: 1, Tol: 1e-10, Prep: plain}, s)
	if got := logistic.Report().Objective; math.Abs(got/361.3435985576-1) > 1e-9 || got > want.Logistic*(1+1e-12) {
		t.Errorf("the logistic objective is %.12g, LogisticRegression reaches %.12g", got, want.Logistic)
	}
}

// The probabilities of an SVM depend on the folds that calibrate it. Ours and
// those of SVC(probability=True) differ by no more than twice what its own
// differ from seed to seed.
func TestClassicProbabilities(t *testing.T) {
	var want classicFits
	readFixture(t, "probability.json", &want)
	distance := func(a, b []float64) float64 {
		sum := 0.0
		for i := range a {
			sum += math.Abs(a[i]-b[i]) / float64(len(a))
		}
		return sum
	}
	noise, pairs := 0.0, 0.0
	for i, p := range want.Probability {
		for _, q := range want.Probability[:i] {
			noise += distance(p, q)
			pairs++
		}
	}
	noise /= pairs
	s := classic(t, 2)
	for seed := range uint64(3) {
		m := linear.Method{Loss: loss.Hinge{}, C: 1, Prep: prep.Options{Scale: "none"}, Seed: seed}
		o := predict(t, fit(t, m, s), s).Tasks[1]
		p, right, off := make([]float64, len(o.Class)), 0.0, 0.0
		for i, c := range o.Class {
			p[i] = o.Probability[2*i+1]
			if float64(c) == s.Tasks[1].Y()[i] {
				right++
			}
		}
		for _, q := range want.Probability {
			off += distance(p, q) / float64(len(want.Probability))
		}
		t.Logf("seed %d: mean |Δp| %.4f from theirs, theirs %.4f from each other; accuracy %.3f", seed, off, noise, right/float64(len(p)))
		if off > 2*noise {
			t.Errorf("seed %d: mean |Δp| is %.4f, theirs differ by %.4f", seed, off, noise)
		}
		if math.Abs(right/float64(len(p))-want.Accuracy) > 0.002 {
			t.Errorf("accuracy %.4f, SVC's is %.4f", right/float64(len(p)), want.Accuracy)
		}
	}
}
