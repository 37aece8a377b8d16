package linear_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// A large constant leaves the intercept as good as free.
func TestAPenalizedInterceptOfALargeConstantIsFree(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		s := family(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 4, Kind: kind, Seed: 6})
		for _, p := range []penalty.Penalty{penalty.Ridge{}, &penalty.Shared{}} {
			free := predict(t, fit(t, linear.Method{Penalty: p, Tol: 1e-10}, s), s)
			model := fit(t, linear.Method{Penalty: p, Intercept: "penalized", InterceptScaling: 1e4, Tol: 1e-13}, s)
			large := predict(t, model, s)
			for i := range s.Tasks {
				near(t, kind.String(), append(large.Tasks[i].Value, large.Tasks[i].Probability...), append(free.Tasks[i].Value, free.Tasks[i].Probability...), 1e-4)
			}
			if d := cmp.Diff(predict(t, again(t, model), s), large); d != "" {
				t.Error(d)
			}
		}
	}
}

// Least squares with the intercept among the weights, written out.
func TestAPenalizedInterceptIsAWeight(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 1, Samples: 30, Features: 3, Seed: 7})
	model := fit(t, linear.Method{Intercept: "penalized", InterceptScaling: 2, C: 0.1, Tol: 1e-14}, s)
	w, b := model.Weights(0)
	y, mean, scale := s.Tasks[0].Y(), 0.0, 0.0
	for _, v := range y {
		mean += v / 30
	}
	for _, v := range y {
		scale += (v - mean) * (v - mean) / 30
	}
	x := num.NewMatrix(30, 4)
	for j := range 3 {
		column, sum, square := s.Tasks[0].Table.Columns[j].Number, 0.0, 0.0
		for _, v := range column {
			sum, square = sum+v/30, square+v*v/30
		}
		for i, v := range column {
			x.Data[4*i+j] = (v - sum) / math.Sqrt(square-sum*sum)
			x.Data[4*i+3] = 2
		}
	}
	g, right := num.Gram(x, nil, nil), make([]float64, 4)
	for i := range 4 {
		g.Data[5*i] += 10
	}
	for i, v := range y {
		x.Axpy(i, (v-mean)/math.Sqrt(scale), right)
	}
	want := num.SolveSPD(g, right)
	near(t, "weights", append(w.Data, b[0]), append(want[:3:3], 2*want[3]), 1e-8)
}

// A task of one class, whose best intercept is infinite, is no harm where
// intercepts are penalized.
func TestOneClassWithPenalizedIntercepts(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 40, Features: 3, Kind: kindred.Binary, Seed: 8})
	for k := range s.Tasks[1].Y() {
		s.Tasks[1].Y()[k] = 0
	}
	for _, p := range []penalty.Penalty{penalty.Ridge{}, &penalty.Shared{}, penalty.Trace{}} {
		model := fit(t, linear.Method{Penalty: p, Intercept: "penalized"}, s)
		if r := model.Report(); len(r.Warnings) != 1 || r.Status != "converged" {
			t.Errorf("%T: %+v", p, r)
		}
		for _, v := range predict(t, model, s).Tasks[1].Probability {
			if math.IsNaN(v) || v < 0 || v > 1 {
				t.Fatalf("%T: probability %v", p, v)
			}
		}
	}
	if _, err := (linear.Method{Intercept: "penalized", Penalty: &penalty.Embedding{}}).Fit(ctx, s); err == nil || !strings.Contains(err.Error(), "embedding is on the factors") {
		t.Error(err)
	}
	if _, err := (linear.Method{Intercept: "none"}).Fit(ctx, s); err == nil || !strings.Contains(err.Error(), `no intercept "none"`) {
		t.Error(err)
	}
}
