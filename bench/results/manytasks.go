package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kindred-mtl/kindred/relate"
)

// manyTasks relates, groups and fits ten thousand tasks.
func manyTasks(ctx context.Context, b *bench, folder string) (string, error) {
	const made = "generate tasks --set n_tasks=10000 --set n_samples=20 --set n_features=20 --set n_clusters=5 --out many.csv --json truth.json"
	if _, err := b.timed(ctx, folder, made); err != nil {
		return "", err
	}
	var truth struct{ Groups []int }
	if err := readJSON(filepath.Join(folder, "truth.json"), &truth); err != nil {
		return "", err
	}
	var page strings.Builder
	fmt.Fprintf(&page, "\n    kindred %s\n\n", made)
	page.WriteString("| | wall | processor | memory at most | groups | adjusted Rand index |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	var all time.Duration
	for _, command := range []string{
		"relate many.csv --task task --target y --json found.json",
		"fit many.csv --task task --target y --method shared-ridge --out model --json fit.json",
		"fit many.csv --task task --target y --method clustered --out model --json found.json",
	} {
		cmd, wall, err := b.execute(ctx, folder, strings.Fields(command))
		if err != nil {
			return "", err
		}
		groups, index := "", ""
		if strings.HasSuffix(command, "found.json") {
			found, err := readGroups(filepath.Join(folder, "found.json"))
			if err != nil {
				return "", err
			}
			all += wall
			groups, index = fmt.Sprint(1+largest(found)), fmt.Sprintf("%.2f", relate.AdjustedRand(found, truth.Groups))
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s | %s |\n", strings.Split(command, " --json")[0], seconds(wall), seconds(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()), memory(cmd.ProcessState), groups, index)
	}
	fmt.Fprintf(&page, "\nRelated, grouped and fitted by groups in %s.\n", seconds(all))
	return page.String(), nil
}

// readGroups are the groups of a report of relate or fit.
func readGroups(path string) ([]int, error) {
	var d struct {
		Measures []struct{ Groups []int }
		Report   struct{ Groups []int }
	}
	if err := readJSON(path, &d); err != nil {
		return nil, err
	}
	if len(d.Measures) > 0 {
		return d.Measures[0].Groups, nil
	}
	return d.Report.Groups, nil
}

func readJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

func largest(v []int) int {
	most := 0
	for _, x := range v {
		most = max(most, x)
	}
	return most
}
