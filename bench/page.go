package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// A group is a table of pairs.
type group struct {
	name, words string
	run         func(*bench) error
}

var groups = []group{
	{"Classic example",
		"`make_classification(1000, 20, n_informative=10, n_redundant=10, random_state=42)`, its target twice, C = 1: " +
			"`MultiOutputClassifier(SVC(kernel=\"linear\"))` and ours by interior points, on columns as they are. Probabilities are Platt's by five folds on both sides.",
		classic},
	{"Shared-weights SVM, dual coordinate descent",
		"LIBLINEAR's `train()` gets every row twice, in columns that all tasks share and in its task's own, the constant 1 with it: the problem of `dualcd` for μ = 1 and C = 1. " +
			"Ours stops at the first check whose duality gap is no larger than LIBLINEAR's. With squared hinge LIBLINEAR turns to its primal Newton method after 300 passes, `dualcd` to `newton` after 100 or so; `newton` alone is beside.",
		dualCoordinates},
	{"Joint lasso",
		"`MultiTaskLasso` and `MultiTaskElasticNet` (`l1_ratio` 0.5) of scikit-learn and `MultiTaskLasso` of skglm at their tolerance, and `bcd`, at α = 0.1 α_max, n × d × tasks. " +
			"Ours goes to the gap that the other one reached (by our certificate, intercepts free), and to 1e-8. skglm is compiled before; slow pairs are repeated for twenty seconds, once at least.",
		jointLasso},
	{"Joint lasso, cross-validated",
		"`MultiTaskLassoCV`, which is stopped after two minutes, and `joint-lasso:strengths=100,folds=5`: every strength on every fold until the held-out loss has clearly turned, and the fit with the best one. " +
			"`MultiTaskLassoCV` stops at gaps of 1e-4 ‖Y‖², ours at 1e-4 of the objective or of a quarter of ‖Y‖², where that is more.",
		jointPath},
	{"Real tasks", "School: 15,362 rows, 139 tasks. Landmine: 14,820 rows, 29 tasks. A whole fit, from the set to the model, to a relative duality gap of 1e-8. None of the systems above fits these problems.", realTasks},
	{"Dense products", "m × n × k, into memory that is there, some thousandths of a second a side in turn, sixty times.", products},
	{"MALSAR on School, times",
		"One fit of three quarters of each school's rows (of every four in the file the first three), from matrices to weights; columns divided by their root mean square over all rows. " +
			"Squared losses have no intercept, and penalize the constant column like the rest. In the binary tasks, whether a score is above its school's mean, intercepts are free. " +
			"MALSAR is not measured here: its times are from another run, on another day and on a newer processor (Zen 5, with AVX-512), so that the ratios are rough. They are medians of several fits under Octave 7.3 at its tolerance 1e-8, which is of the objective's change from step to step; ours go to a relative duality gap of 1e-8. " +
			"The penalties' strengths are those of the next table, which need not be the ones its times are for; those of Least_CMTL and the binary tasks are of our choice.",
		malsarTimes},
	{"MALSAR on School, objectives",
		"On all 15,362 rows, in the scaling of the formula; MALSAR's objectives are from another run, at tolerance 1e-11, and upper bounds of the least. Ours go to a gap of 1e-10, which bounds how far above the least they are.",
		malsarObjectives},
	{"Networks, one step of training",
		"Inputs / tasks / rows of the batch, which lies in memory; hidden layers of 256 and 128 units, one output a task, squared loss, Adam, float32; MMoE has 4 experts. Beside PyTorch, as its users write it: a layer for each head, or for each expert, gate and head; and with all heads, or all experts, in a few large products. " +
			"`compiled` is `torch.compile`, left out where there is no compiler or it takes more than a minute. With one thread a side times are the processor's, with two the wall's. What is reached is the work of the products of matrices, as the problem needs it, as a part of what the cores can do.",
		networkSteps},
	{"Networks, the gradients of all tasks", "By the layers that tasks share, forward pass and the products of the gradients included: what PCGrad and MGDA go by. PyTorch goes back once for each task, or for all of them at once (`is_grads_batched`).", networkGradients},
	{"Networks, predicting", "Rows that are prepared, all heads in one layer. `jit` is `torch.jit`, traced, frozen and optimized for inference.", networkPredictions},
	{"Reading", "From a file on disk to typed columns.", reading},
	{"Predicting", "Ours reads columns, scikit-learn a matrix.", predicting},
}

// A section is a group that was run.
type section struct {
	group
	rows []row
}

// page is the report.
func (b *bench) page(sections []section) (string, error) {
	var versions map[string]string
	if err := b.peer.prepare("versions", nil); err != nil {
		return "", err
	}
	answer := struct {
		Versions map[string]string `json:"versions"`
	}{}
	if err := b.peer.ask(struct{}{}, &answer); err != nil {
		return "", err
	}
	versions = answer.Versions
	var s strings.Builder
	fmt.Fprintf(&s, "# Benchmarks\n\nMade by `bench/run.sh`, which measures each pair again.\n\n")
	fmt.Fprintf(&s, "%s, %s; %s, Python %s, scikit-learn %s, numpy %s, LIBLINEAR %s, pandas %s, skglm %s, PyTorch %s.\n\n", processorName(), threads(b.threads), runtime.Version(),
		versions["python"], versions["scikit-learn"], versions["numpy"], versions["liblinear-official"], versions["pandas"], versions["skglm"], versions["torch"])
	s.WriteString("The two sides of a pair run one after the other, again and again, on one processor, or two. Times are medians, ratios the median of the repetitions' and their range, without a tenth at either end: above 1, kindred is faster. A peak is the best that multiplying and adding alone reached.\n")
	for _, x := range sections {
		fmt.Fprintf(&s, "\n## %s\n\n%s\n\n", x.name, x.words)
		table(&s, x.rows)
	}
	return s.String(), nil
}

func table(s *strings.Builder, rows []row) {
	alone := true
	for _, r := range rows {
		alone = alone && r.peer == ""
	}
	if alone {
		s.WriteString("| problem | kindred | reached |\n|---|---|---|\n")
	} else {
		s.WriteString("| problem | kindred | reached | beside | | reached | ratio |\n|---|---|---|---|---|---|---|\n")
	}
	for _, r := range rows {
		fmt.Fprintf(s, "| %s | %s | %s |", r.problem, duration(r.ours), r.reached)
		switch {
		case alone:
		case r.peer == "":
			s.WriteString(" | | | |")
		default:
			fmt.Fprintf(s, " %s | %s | %s | %.2g (%.2g to %.2g) |", r.peer, duration(r.theirs), r.compare, r.ratio, r.least, r.most)
		}
		s.WriteString("\n")
	}
}

func threads(n int) string {
	if n == 1 {
		return "one thread a side, processor time"
	}
	return fmt.Sprintf("%d threads a side, wall time", n)
}

// processorName is what the system calls its processor.
func processorName() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	found := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && found[strings.TrimSpace(key)] == "" {
			found[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if found["model name"] == "" {
		return runtime.GOARCH
	}
	return fmt.Sprintf("%s (family %s, model %s), %d cores", found["model name"], found["cpu family"], found["model"], runtime.NumCPU())
}

// duration is a time of three digits.
func duration(seconds float64) string {
	switch {
	case seconds < 1e-3:
		return fmt.Sprintf("%.3g µs", 1e6*seconds)
	case seconds < 1:
		return fmt.Sprintf("%.3g ms", 1e3*seconds)
	default:
		return fmt.Sprintf("%.3g s", seconds)
	}
}
