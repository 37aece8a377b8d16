package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A network is a problem of networks, and how PyTorch is to write it down.
type network struct {
	what                string // a benchmark of package neural
	name                string // the architecture
	inputs, tasks, rows int
	work                float64 // multiplications and additions of the products, both sides'
	peers               []networkPeer
}

// A networkPeer is a form of networks.py.
type networkPeer struct {
	words, what, form string
	options           map[string]any
	one               bool // with one thread alone
}

const units1, units2, experts = 256, 128, 4

// trunk is the work of hidden layers going forward, for one row.
func (n network) trunk() float64 { return 2 * float64(n.inputs*units1+units1*units2) }

// toInputs is the work that going back saves, as nobody wants the gradient by
// the inputs.
func (n network) toInputs() float64 { return 2 * float64(n.inputs*units1) }

func networkSteps(b *bench) error {
	eager, compiled := map[string]any{"compiled": false}, map[string]any{"compiled": true}
	var all []network
	for _, s := range [][3]int{{64, 10, 256}, {64, 10, 1024}, {64, 50, 256}, {300, 10, 1024}} {
		n := network{what: "Step", name: "shared", inputs: s[0], tasks: s[1], rows: s[2], peers: []networkPeer{
			{words: "heads one by one", what: "step", form: "heads", options: eager},
			{words: "heads fused", what: "step", form: "fused heads", options: eager},
		}}
		if s == [3]int{64, 10, 1024} {
			n.peers = append(n.peers, networkPeer{words: "heads fused, compiled", what: "step", form: "fused heads", options: compiled, one: true})
		}
		n.work = float64(n.rows) * (3*(n.trunk()+2*float64(units2*n.tasks)) - n.toInputs())
		all = append(all, n)
	}
	for _, rows := range []int{256, 1024} {
		n := network{what: "Step", name: "mmoe", inputs: 64, tasks: 10, rows: rows, peers: []networkPeer{
			{words: "modules", what: "step", form: "experts", options: eager},
			{words: "experts fused", what: "step", form: "fused experts", options: eager},
		}}
		if rows == 256 {
			n.peers = append(n.peers, networkPeer{words: "modules, compiled", what: "step", form: "experts", options: compiled, one: true})
		}
		gates, mixes := 2*float64(n.inputs*n.tasks*experts), 2*float64(n.tasks*experts*units2+n.tasks*units2)
		n.work = float64(n.rows) * (3*(experts*n.trunk()+gates+mixes) - experts*n.toInputs() - gates)
		all = append(all, n)
	}
	return b.networks(all)
}

func networkGradients(b *bench) error {
	var all []network
	for _, tasks := range []int{10, 50} {
		n := network{what: "Gram", name: "shared", inputs: 64, tasks: tasks, rows: 256, peers: []networkPeer{
			{words: "heads one by one", what: "gradients", form: "heads", options: map[string]any{"batched": false}},
			{words: "heads fused", what: "gradients", form: "fused heads", options: map[string]any{"batched": false}},
			{words: "heads fused, tasks at once", what: "gradients", form: "fused heads", options: map[string]any{"batched": true}},
		}}
		t := float64(n.tasks)
		n.work = float64(n.rows)*(n.trunk()+2*units2*t+t*(2*n.trunk()-n.toInputs()+2*units2)) + t*t*n.trunk()
		all = append(all, n)
	}
	return b.networks(all)
}

func networkPredictions(b *bench) error {
	var all []network
	for _, rows := range []int{1, 32, 1024} {
		n := network{what: "Predict", name: "shared", inputs: 64, tasks: 10, rows: rows}
		n.work = float64(rows) * (n.trunk() + 2*float64(units2*n.tasks))
		for _, by := range []string{"eager", "jit", "compile"} {
			n.peers = append(n.peers, networkPeer{words: by, what: "forward", form: "fused heads", options: map[string]any{"by": by}, one: by == "compile"})
		}
		all = append(all, n)
	}
	return b.networks(all)
}

// networks measures problems with one thread a side, then with two: processes
// of either side are started anew for each.
func (b *bench) networks(all []network) error {
	program := filepath.Join(b.dir, "neural.test")
	build := exec.CommandContext(b.ctx, "go", "test", "-c", "-o", program, "./neural")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	core := peak()
	defer pin(b.threads)
	for threads := 1; threads <= 2; threads++ {
		pin(threads)
		p, err := startPeer(b.ctx, b.python, threads)
		if err != nil {
			return err
		}
		part := *b
		part.peer, part.threads = p, threads
		err = part.networksOf(all, program, core*float64(threads))
		p.stop()
		if err != nil {
			return err
		}
		b.rows = part.rows
	}
	return nil
}

func (b *bench) networksOf(all []network, program string, peak float64) error {
	for _, n := range all {
		for _, by := range n.peers {
			if by.one && b.threads > 1 {
				continue
			}
			if err := b.networkOf(n, by, program, peak); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) networkOf(n network, by networkPeer, program string, peak float64) error {
	runs := min(int(5e8/n.work)+1, 2000)
	args := map[string]any{"what": by.what, "form": by.form, "inputs": n.inputs, "tasks": n.tasks, "rows": n.rows, "runs": runs, "most": 0.03, "limit": 60}
	for name, v := range by.options {
		args[name] = v
	}
	if err := b.peer.prepare("network", args); err != nil {
		return err
	}
	switch r, err := b.peer.run(); {
	case err != nil:
		return err
	case r.Late:
		fmt.Fprintln(os.Stderr, n.name, by.words, "is left out")
		return nil
	}
	seconds := 0.0
	return b.measure(pair{
		problem: fmt.Sprintf("%s %d / %d / %d, %s", n.name, n.inputs, n.tasks, n.rows, map[int]string{1: "one thread", 2: "two threads"}[b.threads]),
		ours: func() (err error) {
			seconds, err = b.benchmark(program, fmt.Sprintf("%s/%s/%d/%d/%d", n.what, n.name, n.inputs, n.tasks, n.rows), runs)
			return err
		},
		own: func() float64 { return seconds }, each: true,
		peer:  "PyTorch, " + by.words,
		turns: 2,
		rate: func(seconds float64) string {
			if peak == 0 {
				return fmt.Sprintf("%.0f GFLOP/s", n.work/seconds/1e9)
			}
			return fmt.Sprintf("%.0f %% of the peak", 100*n.work/seconds/peak)
		},
	})
}

var perRun = regexp.MustCompile(`([0-9.e+]+) (cpu-ns|ns)/op`)

// benchmark runs one benchmark of package neural so many times, and returns the
// seconds a time.
func (b *bench) benchmark(program, name string, runs int) (float64, error) {
	pattern := "^Benchmark" + strings.ReplaceAll(name, "/", "$/^") + "$"
	cmd := exec.CommandContext(b.ctx, program, "-test.run", "^$", "-test.bench", pattern, "-test.benchtime", strconv.Itoa(runs)+"x")
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(b.threads))
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	wanted := "ns"
	if b.threads == 1 {
		wanted = "cpu-ns"
	}
	for _, found := range perRun.FindAllSubmatch(out, -1) {
		if string(found[2]) == wanted {
			v, err := strconv.ParseFloat(string(found[1]), 64)
			return v / 1e9, err
		}
	}
	return 0, fmt.Errorf("%s: no such benchmark in package neural", name)
}
