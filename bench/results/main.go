// Command results runs kindred on public data and writes docs/results.md.
//
//	go run ./bench/results                      # everything, about ten minutes
//	go run ./bench/results -only school,heart   # these sections, to standard output
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
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	for _, s := range chosen {
		if err := s.present(*data); err != nil {
			return err
		}
	}
	scratch, err := os.MkdirTemp("", "results")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{data: *data, scratch: scratch, kindred: filepath.Join(scratch, "kindred.exe")}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.kindred, "./cmd/kindred")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("run it from the project's folder: go build ./cmd/kindred: %w\n%s", err, text)
	}
	var page strings.Builder
	if *only == "" {
		heading(&page)
	}
	for _, s := range chosen {
		text, err := b.section(ctx, s)
		if err != nil {
			return err
		}
		page.WriteString(text)
	}
	if *only != "" {
		fmt.Print(page.String())
		return nil
	}
	return os.WriteFile(*out, []byte(page.String()), 0o644)
}

// choose finds the sections named; all where none is.
func choose(names string) ([]section, error) {
	if names == "" {
		return sections, nil
	}
	var chosen []section
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(sections, func(s section) bool { return s.name == name })
		if i < 0 {
			var known []string
			for _, s := range sections {
				known = append(known, s.name)
			}
			return nil, catalog.Unknown("section", name, known)
		}
		chosen = append(chosen, sections[i])
	}
	return chosen, nil
}
