package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kindred-mtl/kindred/compare"
)

// A bench knows where things are.
type bench struct{ data, scratch, kindred string }

// section runs a section and writes it.
func (b *bench) section(ctx context.Context, s section) (string, error) {
	folder := filepath.Join(b.scratch, s.name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	if err := s.lay(b.data, folder); err != nil {
		return "", err
	}
	words := s.words
	if s.make != nil {
		more, err := s.make(folder)
		if err != nil {
			return "", err
		}
		words = strings.TrimSpace(words + " " + more)
	}
	var page strings.Builder
	fmt.Fprintf(&page, "\n## %s\n\n%s\n", s.title, words)
	for _, r := range s.runs {
		fmt.Fprintf(os.Stderr, "%s: kindred %s\n", s.name, r.command)
		d, err := b.run(ctx, folder, r.command)
		if err != nil {
			return "", fmt.Errorf("%s: kindred %s: %w", s.name, r.command, err)
		}
		r.write(&page, d)
	}
	if s.more != nil {
		fmt.Fprintf(os.Stderr, "%s: the rest\n", s.name)
		text, err := s.more(ctx, b, folder)
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.name, err)
		}
		page.WriteString(text)
	}
	return page.String(), nil
}

// done is what a run came to.
type done struct {
	compare.Result
	wall, processor time.Duration
}

// timed runs a command in a folder, and says how long it took.
func (b *bench) timed(ctx context.Context, folder, command string) (time.Duration, error) {
	_, wall, err := b.execute(ctx, folder, strings.Fields(command))
	return wall, err
}

func (b *bench) execute(ctx context.Context, folder string, arguments []string) (*exec.Cmd, time.Duration, error) {
	cmd := exec.CommandContext(ctx, b.kindred, arguments...)
	var complaint bytes.Buffer
	cmd.Dir, cmd.Stderr = folder, &complaint
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, 0, fmt.Errorf("kindred %s: %w\n%s", arguments[0], err, complaint.String())
	}
	return cmd, time.Since(start), nil
}

// run runs a comparison in a folder.
func (b *bench) run(ctx context.Context, folder, command string) (*done, error) {
	report := filepath.Join(folder, "report.json")
	cmd, wall, err := b.execute(ctx, folder, append(strings.Fields(command), "--json", report))
	if err != nil {
		return nil, err
	}
	d := &done{wall: wall, processor: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	raw, err := os.ReadFile(report)
	if err != nil {
		return nil, err
	}
	return d, json.Unmarshal(raw, &d.Result)
}
