package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// present says which file of the data is missing.
func (s section) present(data string) error {
	for _, name := range s.files {
		if _, err := os.Stat(filepath.Join(data, name)); err != nil {
			return fmt.Errorf("no %s in %s: the data are not part of the project; -data names their folder", name, data)
		}
	}
	return nil
}

// lay puts the files of a section into a folder.
func (s section) lay(data, folder string) error {
	for _, name := range s.files {
		text, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// rewrite copies the table of a CSV file, gzipped or not, to another one, row
// by row as change makes it; what change returns nil for is left out. header
// gets the names of the columns first.
func rewrite(from, to string, header func(names []string) []string, change func(row []string) []string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	var text io.Reader = in
	if strings.HasSuffix(from, ".gz") {
		if text, err = gzip.NewReader(in); err != nil {
			return err
		}
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	r, w := csv.NewReader(text), csv.NewWriter(out)
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		if first {
			row = header(row)
		} else {
			row = change(row)
		}
		if row == nil {
			continue
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return out.Close()
}

// place finds a column.
func place(names []string, name string) int {
	i := slices.Index(names, name)
	if i < 0 {
		panic(fmt.Sprintf("results: no column %q among %q", name, names))
	}
	return i
}

// makeCensus turns marital_stat into the question of never_married, and in a
// second file education into that of college.
func makeCensus(folder string) (string, error) {
	if err := ask(folder, "census_income.csv.gz", "census.csv", "marital_stat", "never_married", "Never married"); err != nil {
		return "", err
	}
	return "", ask(folder, "census.csv", "census_three.csv", "education", "college",
		"Some college but no degree", "Associates degree-occup /vocational", "Associates degree-academic program",
		"Bachelors degree(BA AB BS)", "Masters degree(MA MS MEng MEd MSW MBA)",
		"Prof school degree (MD DDS DVM LLB JD)", "Doctorate degree(PhD EdD)")
}

// ask copies a table and makes a question of one of its columns, which gets
// another name: yes for these values, no for others.
func ask(folder, from, to, column, question string, yes ...string) error {
	at := 0
	header := func(names []string) []string {
		at = place(names, column)
		names[at] = question
		return names
	}
	return rewrite(filepath.Join(folder, from), filepath.Join(folder, to), header, func(row []string) []string {
		if slices.Contains(yes, row[at]) {
			row[at] = "yes"
		} else {
			row[at] = "no"
		}
		return row
	})
}

// makeOccupations names the targets by their numbers: 15017 of
// target:15017_Construction_Managers.
func makeOccupations(folder string) (string, error) {
	header := func(names []string) []string {
		for i, name := range names {
			if target, ok := strings.CutPrefix(name, "target:"); ok {
				names[i], _, _ = strings.Cut(target, "_")
			}
		}
		return names
	}
	return "", rewrite(filepath.Join(folder, "oes97.csv"), filepath.Join(folder, "occupations.csv"), header, func(row []string) []string { return row })
}

// makeReviews leaves out the test rows whose text their task also trains on.
func makeReviews(folder string) (string, error) {
	from, to := filepath.Join(folder, "fdu_mtl.csv.gz"), filepath.Join(folder, "fdu_mtl_unique.csv")
	left, err := unique(from, to)
	return fmt.Sprintf("%d test rows have a text that their domain also trains on; the second run leaves them out (`fdu_mtl_unique.csv`).", left), err
}

// unique copies a table without those test rows, and counts them.
func unique(from, to string) (left int, err error) {
	var task, text, side int
	trained := map[[2]string]bool{}
	header := func(names []string) []string {
		task, text, side = place(names, "task"), place(names, "text"), place(names, "split")
		return names
	}
	collect := func(row []string) []string {
		if row[side] == "train" {
			trained[[2]string{row[task], row[text]}] = true
		}
		return nil
	}
	if err := rewrite(from, to, header, collect); err != nil {
		return 0, err
	}
	return left, rewrite(from, to, header, func(row []string) []string {
		if row[side] == "test" && trained[[2]string{row[task], row[text]}] {
			left++
			return nil
		}
		return row
	})
}
