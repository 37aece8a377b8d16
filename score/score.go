// Package score says how good predictions are: metrics of one task, metrics
// over tasks, and whether a difference is more than chance. A metric that is
// undefined on a task says so; it is never zero instead.
package score

import (
	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// A Metric judges the predictions of one task.
type Metric interface {
	// Takes tells whether it judges tasks of this kind.
	Takes(kindred.Kind) bool
	// Better is +1 where larger is better, −1 where smaller is.
	Better() int
	// Task is the metric of one task; ok is false where it is undefined: no
	// row, a row without a prediction, labels that do not differ where they
	// must. The value is then NaN.
	Task(c Cell) (value float64, ok bool)
}

// A Pooled metric is taken over the rows of all tasks together, not as the
// mean over tasks.
type Pooled interface {
	Metric
	// Pool is the metric of all tasks; ok is false where it is undefined.
	Pool(cells []Cell) (value float64, ok bool)
}

// All lists the metrics.
var All = catalog.Table[Metric]{
	{Name: "accuracy", Words: "the share of rows whose class is right", Formula: "mean 1[ŷ = y]", Source: "Sokolova, Lapalme, A systematic analysis of performance measures for classification tasks, Information Processing & Management 45, 2009", New: func() Metric { return Accuracy{} }},
	{Name: "balanced_accuracy", Words: "the mean over classes of the share that is found", Formula: "mean_c mean 1[ŷ = y | y = c]", Source: "Brodersen et al., The balanced accuracy and its posterior distribution, ICPR 2010", New: func() Metric { return BalancedAccuracy{} }},
	{Name: "f1", Words: "the harmonic mean of precision and recall of the positive class; over several classes their mean", Formula: "2TP/(2TP + FP + FN)", Source: "van Rijsbergen, Information Retrieval, 1979", New: func() Metric { return F1{} }},
	{Name: "auc", Words: "the chance that a positive row ranks above a negative one; over several classes the mean of one against the rest", Formula: "P(f₊ > f₋) + ½P(f₊ = f₋)", Source: "Hanley, McNeil, The meaning and use of the area under a ROC curve, Radiology 143, 1982", New: func() Metric { return AUC{} }},
	{Name: "average_precision", Words: "the mean precision at the ranks of the positive rows", Formula: "Σ (R_n − R_{n−1}) P_n", Source: "Zhu, Recall, precision and average precision, University of Waterloo, 2004", New: func() Metric { return AveragePrecision{} }},
	{Name: "log_loss", Words: "how surprising the labels are", Formula: "−mean log p_y", Source: "Good, Rational decisions, JRSS B 14, 1952", New: func() Metric { return LogLoss{} }},
	{Name: "brier", Words: "the squared error of the probabilities; of two classes that of the positive one", Formula: "mean Σ_c (p_c − 1[y = c])²", Source: "Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78, 1950", New: func() Metric { return Brier{} }},
	{Name: "ece", Words: "how far confidence is from accuracy, in 15 bins of equal width", Formula: "Σ_b n_b/n |acc_b − conf_b|", Source: "Naeini, Cooper, Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015", New: func() Metric { return ECE{} }},
	{Name: "rmse", Words: "the root of the mean squared error", Formula: "√mean (ŷ − y)²", Source: "Gauss, Theoria combinationis observationum, 1823", New: func() Metric { return RMSE{} }},
	{Name: "mae", Words: "the mean absolute error", Formula: "mean |ŷ − y|", Source: "Willmott, Matsuura, Advantages of the mean absolute error, Climate Research 30, 2005", New: func() Metric { return MAE{} }},
	{Name: "r2", Words: "the share of the variance explained, bias counted as error", Formula: "1 − Σ(ŷ − y)²/Σ(y − ȳ)²", Source: "Kvålseth, Cautionary note about R², The American Statistician 39, 1985", New: func() Metric { return R2{} }},
	{Name: "explained_variance_total", Words: "over the rows of all tasks: squared error against the variance around one mean", Formula: "1 − Σ_t Σ(ŷ − y)²/Σ_t Σ(y − ȳ)²", Source: "Bakker, Heskes, Task clustering and gating for Bayesian multitask learning, JMLR 4, 2003", New: func() Metric { return EVTotal{} }},
	{Name: "explained_variance_within", Words: "over the rows of all tasks: squared error against the variance around each task's mean", Formula: "1 − Σ_t Σ(ŷ − y)²/Σ_t Σ(y − ȳ_t)²", Source: "Fisher, Statistical Methods for Research Workers, 1925, the within-groups sum of squares", New: func() Metric { return EVWithin{} }},
	{Name: "explained_variance_task_mean", Words: "the mean over tasks of the variance explained of each, which is its R²", Formula: "mean_t [1 − Σ(ŷ − y)²/Σ(y − ȳ_t)²]", Source: "Bakker, Heskes, Task clustering and gating for Bayesian multitask learning, JMLR 4, 2003, task by task", New: func() Metric { return EVTaskMean{} }},
	{Name: "nmse", Words: "the mean squared error over the variance of the labels", Formula: "mean (ŷ − y)²/var(y)", Source: "Chen, Zhou, Ye, Integrating low-rank and group-sparse structures for robust multi-task learning, KDD 2011", New: func() Metric { return NMSE{} }},
	{Name: "poisson_deviance", Words: "how surprising counts are", Formula: "2 mean [y log(y/ŷ) − y + ŷ]", Source: "McCullagh, Nelder, Generalized Linear Models, 1989", New: func() Metric { return PoissonDeviance{} }},
}

// Primary names the metric in which gains are measured for a kind. Each is the
// mean of a loss over rows (or its root), so that it is defined on every task,
// one of few rows and one class included, and no gain hides in a threshold or
// a rank: log loss for classes, root mean squared error for numbers, deviance
// for counts.
func Primary(k kindred.Kind) string {
	switch k {
	case kindred.Regression:
		return "rmse"
	case kindred.Count:
		return "poisson_deviance"
	}
	return "log_loss"
}

// Over is a metric over the tasks it takes: pooled over rows where the metric
// says so, else the mean over the tasks where it is defined. undefined counts
// the tasks where it is not, pooled or not; value is NaN where ok is false.
func Over(m Metric, cells []Cell) (value float64, undefined int, ok bool) {
	sum, n := 0.0, 0
	for _, c := range cells {
		if !m.Takes(c.Info.Kind) {
			continue
		}
		if v, ok := m.Task(c); ok {
			sum, n = sum+v, n+1
		} else {
			undefined++
		}
	}
	if p, pooled := m.(Pooled); pooled {
		value, ok = p.Pool(cells)
	} else {
		value, ok = finite(sum / float64(n))
	}
	return value, undefined, ok
}

// classifies takes tasks whose labels are classes.
type classifies struct{}

// Takes implements Metric.
func (classifies) Takes(k kindred.Kind) bool { return k.Classifies() }

// measures takes tasks whose labels are numbers.
type measures struct{}

// Takes implements Metric.
func (measures) Takes(k kindred.Kind) bool { return k == kindred.Regression || k == kindred.Count }

// larger and smaller say what is better.
type (
	larger  struct{}
	smaller struct{}
)

// Better implements Metric.
func (larger) Better() int { return 1 }

// Better implements Metric.
func (smaller) Better() int { return -1 }
