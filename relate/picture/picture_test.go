package picture_test

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/relate/picture"
)

// Where the map and the heat map begin.
const left, right, top = 40, 560, 70

// drawn are relations of few tasks and of many, whatever tasks are called.
func drawn(t *testing.T) []picture.Picture {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	var pictures []picture.Picture
	for _, n := range []int{2, 5, 60} {
		r := &relate.Relation{Measure: "weights", Matrix: num.NewDense(n, n), Tasks: make([]string, n), Symmetric: true}
		for a := range n {
			r.Matrix.Set(a, a, 1)
			for b := range a {
				v := 2*random.Float64() - 1
				r.Matrix.Set(a, b, v)
				r.Matrix.Set(b, a, v)
			}
		}
		r.Vectors = relate.Scale(r, min(2, n-1))
		r.Tasks[0], r.Matrix.Data[1] = `<a & "b">`, math.NaN()
		r.Symmetric = n > 2
		g, err := relate.Group(r, relate.AverageLinkage{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, picture.Picture{Relation: r, Grouping: g})
	}
	return pictures
}

// A picture is well-formed, whatever tasks are called, of few tasks and of many.
func TestSVG(t *testing.T) {
	var b bytes.Buffer
	if err := picture.WriteSVG(&b, drawn(t)); err != nil {
		t.Fatal(err)
	}
	elements := map[string]int{}
	d := xml.NewDecoder(&b)
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
			for _, a := range e.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s has %s=%q", e.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	if elements["circle"] != 67 || elements["image"] != 1 || elements["path"] != 1+4+59 {
		t.Errorf("elements %v", elements)
	}
}

// A PNG is as large as said, twice the same, and has the colours of the shapes
// where they are: of the diagonal of two tasks, of the entry that is not known,
// of a group beside its row.
func TestPNG(t *testing.T) {
	pictures := drawn(t)
	var b, again bytes.Buffer
	if err := picture.WritePNG(&b, pictures); err != nil {
		t.Fatal(err)
	}
	if err := picture.WritePNG(&again, pictures); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("drawn twice: %v", err)
	}
	m, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, 2*1060, 2*530*3) {
		t.Fatalf("bounds %v", m.Bounds())
	}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(2*x, 2*y)).(color.RGBA) }
	order := relate.Order(2, relate.Tree(pictures[0].Relation))
	unknown := [2]int{660, 170} // the cell of task 0 and task 1, in the first row or the second
	if order[0] == 0 {
		unknown[0] += 200
	} else {
		unknown[1] += 200
	}
	for what, c := range map[string]struct {
		x, y int
		want color.RGBA
	}{
		"nothing":        {5, 5, color.RGBA{255, 255, 255, 255}},
		"not known":      {unknown[0], unknown[1], color.RGBA{200, 200, 200, 255}},
		"group 1":        {right - 4, top + 100, color.RGBA{0x00, 0x72, 0xB2, 255}},
		"diagonal":       {right + 2, 530 + top + 2, color.RGBA{178, 24, 43, 255}},
		"an image's":     {right + 1, 2*530 + top + 1, color.RGBA{178, 24, 43, 255}},
		"frame of a map": {left, top + 100, color.RGBA{0xcc, 0xcc, 0xcc, 255}},
	} {
		if got := at(c.x, c.y); got != c.want {
			t.Errorf("%s: colour %v at %d, %d, want %v", what, got, c.x, c.y, c.want)
		}
	}
	written := 0
	for y := 20; y < 34; y++ { // the name of the measure
		for x := left; x < left+80; x++ {
			if at(x, y) != (color.RGBA{255, 255, 255, 255}) {
				written++
			}
		}
	}
	if written < 50 {
		t.Errorf("the name of the measure has %d pixels", written)
	}
	if err := picture.WritePNG(io.Discard, make([]picture.Picture, 65)); err == nil || !strings.Contains(err.Error(), "64") {
		t.Errorf("65 relations: %v", err)
	}
}
