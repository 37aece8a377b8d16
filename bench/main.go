// Command bench measures kindred beside other systems. Each pair runs back to
// back, several times, one side after the other, in one run of the program:
// machines drift, so that only such ratios mean something. bench/setup.sh
// installs the other systems and bench/run.sh runs this.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	python := flag.String("python", "bench/.venv/bin/python", "the interpreter that has the other systems")
	only := flag.String("only", "", "run the groups whose names this `expression` matches, and print them alone")
	out := flag.String("o", "docs/benchmarks.md", "the file to write")
	reps := flag.Int("reps", 9, "repetitions of a pair")
	threads := flag.Int("threads", 1, "threads of either side")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(*threads)
	pin(*threads)
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := startPeer(ctx, *python, *threads)
	if err != nil {
		return err
	}
	defer p.stop()
	b := &bench{ctx: ctx, peer: p, dir: dir, reps: *reps, threads: *threads, python: *python}
	var sections []section
	for _, g := range groups {
		if !pattern.MatchString(g.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "#", g.name)
		b.rows = nil
		if err := g.run(b); err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		sections = append(sections, section{g, b.rows})
	}
	text, err := b.page(sections)
	if err != nil {
		return err
	}
	if *only != "" {
		_, err = os.Stdout.WriteString(text)
		return err
	}
	return os.WriteFile(*out, []byte(text), 0o644)
}
