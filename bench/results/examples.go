package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An example is a page of docs/examples: commands in their order, each with
// what it prints and perhaps a picture that it draws.
type example struct {
	name  string // of the page
	title string
	words string
	files []string // as of a section
	make  func(folder string) (words string, err error)
	steps []step
	ends  string // what follows from it
}

// A step is one command of an example.
type step struct {
	words   string
	command string // as a reader types it, without kindred
	most    int    // lines shown of what it prints; 0: all
	picture string // a file that the command draws, to show below
	page    string // a report that the command writes, shown as a picture of its head
	alt     string // what is to be seen
}

// examples writes the pages of these names, or all, into a folder.
func (b *bench) examples(ctx context.Context, list []example, into string) error {
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(into, "README.md"), []byte(index(pages)), 0o644); err != nil {
		return err
	}
	for _, e := range list {
		text, err := b.example(ctx, e, into)
		if err != nil {
			return fmt.Errorf("example %s: %w", e.name, err)
		}
		if err := os.WriteFile(filepath.Join(into, e.name+".md"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// index is the page that leads to the others.
func index(list []example) string {
	var page strings.Builder
	page.WriteString("# Worked examples\n\nOn public data, each with its commands, what they print, and pictures.\n\n")
	for _, e := range list {
		fmt.Fprintf(&page, "- [%s](%s.md): %s\n", e.title, e.name, strings.TrimSpace(strings.SplitAfter(e.words, ". ")[0]))
	}
	return page.String()
}

// example runs the commands of an example and writes its page.
func (b *bench) example(ctx context.Context, e example, into string) (string, error) {
	folder := filepath.Join(b.scratch, "example-"+e.name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	if err := (section{files: e.files}).lay(b.data, folder); err != nil {
		return "", err
	}
	if e.make != nil {
		if _, err := e.make(folder); err != nil {
			return "", err
		}
	}
	var page strings.Builder
	fmt.Fprintf(&page, "# %s\n\n%s\n", e.title, e.words)
	for _, s := range e.steps {
		fmt.Fprintf(os.Stderr, "%s: kindred %s\n", e.name, s.command)
		printed, err := b.printed(ctx, folder, s.command)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&page, "\n%s\n\n```sh\nkindred %s\n```\n", s.words, s.command)
		if printed = s.shorten(printed); printed != "" {
			fmt.Fprintf(&page, "\n```\n%s\n```\n", printed)
		}
		picture, err := b.draw(ctx, s, e.name, folder, into)
		if err != nil {
			return "", err
		}
		if picture != "" {
			fmt.Fprintf(&page, "\n![%s](%s)\n", s.alt, picture)
		}
	}
	fmt.Fprintf(&page, "\n%s\n\nMade by `go run ./bench/results -examples docs/examples`.\n", e.ends)
	return page.String(), nil
}

// printed is what a command prints for its reader, with what it says of the
// way there.
func (b *bench) printed(ctx context.Context, folder, command string) (string, error) {
	cmd := exec.CommandContext(ctx, b.kindred, strings.Fields(command)...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kindred %s: %w\n%s", command, err, out.String())
	}
	return out.String(), nil
}

// shorten keeps as many lines as are shown.
func (s step) shorten(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n "), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	if s.most > 0 && len(lines) > s.most {
		lines = append(lines[:s.most], fmt.Sprintf("… %d lines more", len(lines)-s.most))
	}
	return strings.Join(lines, "\n")
}

// draw puts the picture of a step beside the page and names it. A report is
// photographed by a browser, where there is one.
func (b *bench) draw(ctx context.Context, s step, name, folder, into string) (string, error) {
	switch {
	case s.picture != "":
		drawn, err := os.ReadFile(filepath.Join(folder, s.picture))
		if err != nil {
			return "", err
		}
		picture := name + "-" + s.picture
		return picture, os.WriteFile(filepath.Join(into, picture), drawn, 0o644)
	case s.page != "":
		picture := name + "-" + strings.TrimSuffix(s.page, ".html") + ".png"
		return picture, photograph(ctx, filepath.Join(folder, s.page), filepath.Join(into, picture))
	}
	return "", nil
}

// photograph opens a page in a browser and keeps what is to be seen of it.
func photograph(ctx context.Context, page, picture string) error {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		return fmt.Errorf("no chromium to photograph %s with", filepath.Base(page))
	}
	target, err := filepath.Abs(picture)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--window-size=1200,1500", "--virtual-time-budget=5000", "--screenshot="+target, "file://"+page)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(browser), err, out)
	}
	return nil
}
