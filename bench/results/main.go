// Command results runs kindred on public data and writes docs/results.md.
//
//	go run ./bench/results                      # everything, about ten minutes
//	go run ./bench/results -only school,heart   # these sections, to standard output
//	go run ./bench/results -examples docs/examples [-only heart]
//
// It builds the kindred command, runs each line of the table in sections.go in
// a folder of its own, and reads the --json documents. To add a result, add a
// line there.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred/catalog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := generate(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "results: %v\n", err)
		os.Exit(1)
	}
}

// generate reads the flags, runs the sections and writes the page.
func generate(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("results", flag.ContinueOnError)
	data := flags.String("data", filepath.Join("..", "shared", "data"), "`folder` of the data sets, one folder each")
	out := flags.String("out", filepath.Join("docs", "results.md"), "`file` to write")
	only := flags.String("only", "", "`sections` to run, separated by commas, and to print instead")
	into := flags.String("examples", "", "`folder` to write the worked examples to, and nothing else")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *into != "" {
		list, err := choose(pages, *only, "example", func(e example) string { return e.name })
		if err != nil {
			return err
		}
		return withBench(ctx, *data, func(b *bench) error { return b.examples(ctx, list, *into) })
	}
	chosen, err := choose(sections, *only, "section", func(s section) string { return s.name })
	if err != nil {
		return err
	}
	for _, s := range chosen {
		if err := s.present(*data); err != nil {
			return err
		}
	}
	return withBench(ctx, *data, func(b *bench) error { return b.page(ctx, chosen, *only != "", *out) })
}

// withBench builds the command and gives it a folder that is removed after.
func withBench(ctx context.Context, data string, use func(b *bench) error) error {
	scratch, err := os.MkdirTemp("", "results")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{data: data, scratch: scratch, kindred: filepath.Join(scratch, "kindred.exe")}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.kindred, "./cmd/kindred")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("run it from the project's folder: go build ./cmd/kindred: %w\n%s", err, text)
	}
	return use(b)
}

// page runs the sections and writes them, or prints them where they are a part.
func (b *bench) page(ctx context.Context, chosen []section, part bool, out string) error {
	var page strings.Builder
	if !part {
		heading(&page)
	}
	for _, s := range chosen {
		text, err := b.section(ctx, s)
		if err != nil {
			return err
		}
		page.WriteString(text)
	}
	if part {
		fmt.Print(page.String())
		return nil
	}
	return os.WriteFile(out, []byte(page.String()), 0o644)
}

// choose finds the parts of these names, separated by commas; all where none is
// named.
func choose[E any](all []E, names, what string, name func(E) string) ([]E, error) {
	if names == "" {
		return all, nil
	}
	var known []string
	for _, e := range all {
		known = append(known, name(e))
	}
	var chosen []E
	for n := range strings.SplitSeq(names, ",") {
		i := slices.Index(known, n)
		if i < 0 {
			return nil, catalog.Unknown(what, n, known)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
