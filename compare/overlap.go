package compare

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/split"
)

// overlap is what the corrected t test of the gains d takes for the covariance
// of two splits in units of their variance s²: n_test/n_train, the mean over
// tasks.
//
// That ratio takes all variance to come from the test rows, which two splits
// share most of where few rows are trained on; of a tenth, it leaves hardly
// any gain beyond chance. Where more rows are tested on than trained on, the
// variance B that test rows bring to one split is therefore measured, by a
// bootstrap, and the rest, A, is left to the training rows:
//
//	s² = (1−φ)A + (1−ψ)B    overlap = min(n_test/n_train, (φA + ψB)/s²)
//
// φ and ψ are the shares of the training and of the test rows that two splits
// have in common. For random splits and A = 0 both sides are n_test/n_train.
//
// Nadeau, Bengio, Inference for the generalization error, Machine Learning 52,
// 2003, the corrected resampled t-test; φ, ψ and B are ours, and
// TestVerdictsKeepTheirLevel holds them to 5 %.
func (j *judge) overlap(tasks []int, d []float64, on func(fold int) draw) float64 {
	ratio, train, test := 0.0, 0.0, 0.0
	for _, t := range tasks {
		r, a, b := shares(j.folds, t)
		n := float64(len(tasks))
		ratio, train, test = ratio+r/n, train+a/n, test+b/n
	}
	_, sd, _ := defined(d)
	if !(ratio > 1) || !(sd > 0) || !(train < 1) {
		return ratio
	}
	rows := j.rowVariance(on)
	rest := max(0, sd*sd-(1-test)*rows) / (1 - train)
	if v := (train*rest + test*rows) / (sd * sd); v < ratio {
		return v
	}
	return ratio
}

// rowVariance is the variance of a gain over draws of the test rows of one
// fold, the mean over folds; NaN where no fold has two rows to draw.
func (j *judge) rowVariance(on func(fold int) draw) float64 {
	each := make([]float64, len(j.folds))
	num.For(len(each), func(f int) {
		d := on(f)
		var values []float64
		score.Bootstrap(d.n, draws/5/len(each)+2, j.seed+uint64(f), func(count []float64) float64 {
			v := d.gain(count)
			values = append(values, v)
			return v
		})
		_, sd, _ := defined(values[1:]) // the first is of the rows as they are
		each[f] = sd * sd
	})
	mean, _, n := defined(each)
	if n == 0 {
		return math.NaN()
	}
	return mean
}

// shares are the ratio of test to training rows of a task, and the shares of
// each that two folds have in common, on average.
func shares(folds []split.Fold, t int) (ratio, train, test float64) {
	of := func(side func(f *split.Fold) [][]int) (rows, common float64) {
		times := map[int]float64{}
		for i := range folds {
			for _, place := range side(&folds[i])[t] {
				times[place]++
				rows++
			}
		}
		for _, c := range times {
			common += c * (c - 1)
		}
		return rows, common / max(1, rows*float64(len(folds)-1))
	}
	a, train := of(func(f *split.Fold) [][]int { return f.Train })
	b, test := of(func(f *split.Fold) [][]int { return f.Test })
	return b / max(1, a), train, test
}
