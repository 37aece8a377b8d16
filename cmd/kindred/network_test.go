package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/neural"
)

// netTable is a table of three tasks for a network, with words and levels.
func netTable(t *testing.T, dir string, rows int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("task,x,z,level,y\n")
	for i := range rows {
		x, z := math.Sin(float64(i)), math.Cos(float64(3*i))
		fmt.Fprintf(&b, "%c,%.4f,%.4f,%s,%.4f\n", 'a'+rune(i%3), x, z, []string{"low", "mid", "high"}[i/3%3], x*z+float64(i%3))
	}
	path := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Networks are fitted, inspected and predict as other methods do.
func TestNetworksThroughTheCommand(t *testing.T) {
	dir := t.TempDir()
	table, model, out := netTable(t, dir, 240), filepath.Join(dir, "m"), filepath.Join(dir, "p.csv")
	for method, want := range map[string][]string{
		"shared-net:hidden=8-4,epochs=3":    {"shared network, hidden layers 8-4: ", "trunk.0.weight", "all tasks", "head.weight", "each task"},
		"hierarchy-net:hidden=8-4,epochs=3": {"hierarchy network", "groups:", "stands"},
		"embedding-net:hidden=8,epochs=3":   {"embedding network", "place in the space"},
		"net:hidden=8,epochs=3":             {"each shared network"},
	} {
		must(t, "fit", table, "--task", "task", "--target", "y", "--method", method, "--out", model)
		inspected := must(t, "inspect", model)
		for _, w := range want {
			if !strings.Contains(inspected, w) {
				t.Errorf("%s: inspect does not say %q:\n%s", method, w, inspected)
			}
		}
		_, below, _ := strings.Cut(inspected, "\n") // the name of the file
		narrow(t, below)
		must(t, "predict", model, table, "--out", out)
		raw, err := os.ReadFile(out)
		if err != nil || strings.Count(string(raw), "\n") != 241 || strings.Contains(string(raw), ",\n") {
			t.Errorf("%s: %v, %.200s", method, err, raw)
		}
	}
	must(t, "fit", table, "--task", "task", "--target", "y", "--method", "shared-net:hidden=8-4,epochs=1", "--out", model)
	var d inspectDocument
	if err := json.Unmarshal([]byte(must(t, "inspect", model, "--json", "-")), &d); err != nil {
		t.Fatal(err)
	}
	n := d.Network
	if n == nil || n.Parameters != n.Shared+n.Own || n.Own == 0 || n.Shared == 0 {
		t.Fatalf("%+v", n)
	}
	sum := 0
	for _, l := range n.Layers {
		sum += l.Rows * l.Cols
	}
	if sum != n.Parameters {
		t.Errorf("%d numbers in the layers of %d parameters", sum, n.Parameters)
	}
}

// netArgs fit a network that tries three sizes.
func netArgs(table, model, checkpoint string) []string {
	return []string{"fit", table, "--task", "task", "--target", "y", "--seed", "3", "--method", "shared-net:epochs=30,batch=32,patience=30", "--out", model, "--checkpoint", checkpoint}
}

// waitFor waits for a file.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 3000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no %s after half a minute", path)
}

// A training that is killed or interrupted, while it tries sizes, goes on from
// its checkpoint and writes the same model, to the last byte, as one that was
// left alone. An interrupt writes the best network so far, and says so.
func TestStoppedTrainingsGoOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals between processes")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	table := netTable(t, dir, 2400)
	if _, errs, code := ends(t, "", netArgs(table, at("whole"), at("c"))...); code != 0 || errs != "" {
		t.Fatalf("exit code %d, %q", code, errs)
	}
	want, err := os.ReadFile(at("whole"))
	if err != nil {
		t.Fatal(err)
	}
	for _, signal := range []os.Signal{os.Kill, os.Interrupt} {
		out, errs, code := signalled(t, signal, at("c"), netArgs(table, at("m"), at("c"))...)
		best := at("c")
		if signal == os.Interrupt {
			best = at("m")
			if code != 1 || errs != "kindred: stopped\n" || !strings.Contains(out, "interrupted in epoch") || !strings.Contains(out, "stopped early: the same command goes on from "+at("c")) {
				t.Errorf("exit code %d, %q, %q", code, errs, out)
			}
		} else if _, err := os.Stat(at("m")); !errors.Is(err, os.ErrNotExist) {
			t.Error("the training was over before it could be killed")
		}
		must(t, "predict", best, table, "--out", at("p.csv"))
		if _, err := call(append(netArgs(table, at("m"), at("c")), "--seed", "4")...); err == nil || !strings.Contains(err.Error(), "is of seed 3, not 4") {
			t.Errorf("%v: the checkpoint of another seed: %v", signal, err)
		}
		if out := must(t, netArgs(table, at("m"), at("c"))...); !strings.Contains(out, "went on from "+at("c")) {
			t.Errorf("%v: %s", signal, out)
		}
		if got, err := os.ReadFile(at("m")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: another model: %v", signal, err)
		}
		if _, err := os.Stat(at("c")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v: the checkpoint is left: %v", signal, err)
		}
		os.Remove(at("m"))
	}
}

// signalled runs the command as a process that is sent a signal once there is a
// file.
func signalled(t *testing.T, signal os.Signal, file string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := process(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, file)
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// Methods that are no network have no checkpoint.
func TestCheckpointsOfOthers(t *testing.T) {
	dir := t.TempDir()
	table, c := netTable(t, dir, 60), filepath.Join(dir, "c")
	for method, want := range map[string]string{"ridge": "methods that are one network", "net": "methods that are one network", "shared-net": "give them two files"} {
		_, err := call("fit", table, "--task", "task", "--target", "y", "--method", method, "--out", c, "--checkpoint", c)
		var use usage
		if !errors.As(err, &use) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestLosses(t *testing.T) {
	s := &kindred.Set{Tasks: []kindred.Task{{Name: "a"}, {Name: "a task of a long name"}}}
	p := neural.Progress{Network: "64-32", Held: []float64{0.5, math.NaN()}, Train: []float64{9, 1.0 / 3}}
	if got := losses(p, s); got != "64-32 a 0.5, a task of a… 0.333" {
		t.Errorf("%q", got)
	}
}
