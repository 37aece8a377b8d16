package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program be the command: exit codes and signals are
// those of a process.
func TestMain(m *testing.M) {
	if os.Getenv("BE_KINDRED") != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is the command as a process, not started yet.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "BE_KINDRED=1")
	return cmd
}

// ends runs the command as a process.
func ends(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := process(t, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// goodTable is a table that every command can learn from.
func goodTable() string {
	var b strings.Builder
	b.WriteString("task,x,y\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%c,%d,%d\n", 'a'+rune(i%2), (i*7)%31, (i*i)%17)
	}
	return b.String()
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// Bad input is exit code 1, one line that names the file and says what to do,
// and no file.
func TestBadInputThroughTheCommand(t *testing.T) {
	good := goodTable()
	long := good + strings.Repeat("x", 10_000_000)
	for name, c := range map[string]struct {
		text string
		args string
		want []string
	}{
		"ragged":      {good + "a,1\n", "", []string{"line 62 (row 61)", "2 cells", "3 columns", "give every row"}},
		"a word":      {good + "a,much,3\n", "", []string{"row 61", `"x"`, `"much"`, "leave it empty"}},
		"a NaN":       {good + "a,1,-NaN\n", "", []string{"row 61", `"y"`, `"-NaN"`, "is not a number"}},
		"infinity":    {good + "a,Inf,3\n", "", []string{"row 61", `"x"`, `"Inf"`, "leave the cell empty"}},
		"infinite y":  {good + "a,1,-inf\n", "", []string{"row 61", `"y"`, `"-inf"`}},
		"column":      {good, "--target result", []string{"target", `"result"`, "(there are: task, x, y)"}},
		"task":        {strings.Replace(good, "task", "tsk", 1), "", []string{`"task"`, `did you mean "tsk"`}},
		"no labels":   {good + "c,1,\nc,2,NA\n", "", []string{`task "c"`, "row 61", "no label", "fill in"}},
		"no label":    {"task,x,y\na,1,\nb,2,\n", "", []string{`"y"`, "no row", "fill in"}},
		"duplicate":   {strings.Replace(good, "x", "y", 1), "", []string{"line 1", `"y"`, "columns 2 and 3"}},
		"empty":       {"", "", []string{"empty", "first line"}},
		"only header": {"task,x,y\n", "", []string{"no row"}},
		"long line":   {long, "", []string{"line 62", "1 cell "}},
		"long header": {strings.Repeat("x", 10_000_000) + "\n1\n", "", []string{"task", "no column"}},
		"cut":         {zipped(good)[:150], "", []string{"gzip", "cut off", "copy the file again"}},
		"wrong kind":  {good, "--kind y=binary", []string{`"y"`, "distinct labels", "declare another kind"}},
		"weight":      {good, "--weight tsk", []string{"weight", `"tsk"`, `did you mean "task"`}},
		"a folder":    {"", "folder", []string{"is a directory"}},
		"no file":     {"", "none", []string{"no such file"}},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "in.csv")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		args := strings.Fields(c.args)
		switch c.args {
		case "folder":
			path, args = dir, nil
		case "none":
			path, args = filepath.Join(dir, "none.csv"), nil
		}
		for _, command := range [][]string{{"fit", path, "--method", "ridge", "--out", filepath.Join(dir, "model")}, {"compare", path, "--method", "ridge"}} {
			all := append(append(command, "--task", "task", "--target", "y", "--json", filepath.Join(dir, "report.json")), args...)
			out, errs, code := ends(t, "", all...)
			if code != 1 || out != "" || strings.Count(errs, "\n") != 1 || len(errs) > 600 || !strings.HasPrefix(errs, "kindred: "+path+": ") {
				t.Errorf("%s: exit code %d, %.300q and %.700q", name, code, out, errs)
			}
			for _, want := range c.want {
				if !strings.Contains(errs, want) {
					t.Errorf("%s: %q does not say %q", name, errs, want)
				}
			}
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 {
			t.Errorf("%s: left %v", name, files)
		}
	}
}

// Wrong use is exit code 2 and one line; help is 0.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "in.csv")
	if err := os.WriteFile(path, []byte(goodTable()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"comapre", "fit", "fit a b", "demo x", "demo --rows many", "list --what", "--workers -1 list", "version --seed -1",
		"fit " + path + " --target y", "fit " + path + " --out m", "fit " + path + " --target y --kind y --out m", "fit " + path + " --target y --kind y=number --out m",
		"fit " + path + " --target y --method rigde --out m", "compare " + path + " --target y --splits 3", "compare " + path + " --target y --metric ruse",
		"predict m " + path, "generate tasks", "generate tsk --out -", "generate tasks --set x=1 --out -", "generate tasks --out - --json -",
	} {
		out, errs, code := ends(t, "", strings.Fields(args)...)
		if code != 2 || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "kindred: ") {
			t.Errorf("kindred %s: exit code %d, %.300q and %.300q", args, code, out, errs)
		}
	}
	for _, args := range []string{"", "help", "--help", "help fit", "fit --help", "version", "list"} {
		if out, errs, code := ends(t, "", strings.Fields(args)...); code != 0 || len(out) == 0 || errs != "" {
			t.Errorf("kindred %s: exit code %d, %q", args, code, errs)
		}
	}
	if _, errs, code := ends(t, "", "fit", path, "--target", "y", "--method", "ridge", "--out", filepath.Join(dir, "no", "model")); code != 1 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, filepath.Join("no", "model")+" cannot be written") {
		t.Errorf("no folder to write to: %d, %q", code, errs)
	}
}

// An interrupt ends a comparison with exit code 1; the splits that were done
// are reported, and no file is half written.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signal between processes")
	}
	dir := t.TempDir()
	path, report := filepath.Join(dir, "t.csv"), filepath.Join(dir, "report.json")
	if err := os.WriteFile(path, []byte(goodTable()), 0o644); err != nil {
		t.Fatal(err)
	}
	var d compareDocument
	for wait := time.Second; d.Result == nil; wait *= 4 { // until some splits are done
		var out, errs bytes.Buffer
		cmd := process(t, "compare", path, "--task", "task", "--target", "y", "--method", "ridge:C=1", "--folds", "2", "--repeats", "2000", "--json", report)
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(wait)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 1 || errs.String() != "kindred: stopped\n" || time.Since(start) > 20*time.Second {
			t.Fatalf("exit code %d after %v, %q", code, time.Since(start), errs.String())
		}
		raw, err := os.ReadFile(report)
		if errors.Is(err, os.ErrNotExist) && out.Len() == 0 && wait < 10*time.Second {
			continue
		}
		if err == nil {
			err = json.Unmarshal(raw, &d)
		}
		if err != nil || !d.Partial || d.Methods[0].Splits < 1 || !strings.Contains(out.String(), fmt.Sprintf("stopped early: %d of 4000 splits", d.Methods[0].Splits)) {
			t.Fatalf("%v: %.500q", err, out.String())
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("left %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// In a pipe there is no colour, no progress, and no line beyond 100 characters;
// SVMlight and standard input are read like any file.
func TestInAPipe(t *testing.T) {
	dir := t.TempDir()
	var rows strings.Builder
	for i := range 40 {
		fmt.Fprintf(&rows, "%d task:%c 1:%d 3:%d\n", i%2*2-1, 'a'+rune(i/2%2), i*7%11, i*5%13)
	}
	if err := os.WriteFile(filepath.Join(dir, "t.svm"), []byte(rows.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(dir, "m")
	for _, args := range [][]string{
		{"compare", "-", "--task", "task", "--target", "y", "--method", "shared-ridge", "--method", "ridge:C=1,solver=newton,tol=1e-8,max_iter=50"},
		{"fit", filepath.Join(dir, "t.svm"), "--method", "logistic", "--out", model},
		{"inspect", model},
		{"list", "--all"},
		{"compare", "--help"},
		{"generate", "--help"},
	} {
		out, errs, code := ends(t, goodTable(), args...)
		if code != 0 || errs != "" || strings.ContainsAny(out, "\x1b\r") {
			t.Errorf("%v: exit code %d, %q, %.300q", args, code, errs, out)
		}
		narrow(t, out)
	}
}
