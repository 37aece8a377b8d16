// Package picture draws how tasks are related: a map of them, and the matrix of a
// measure, as SVG and as PNG. It is apart from package relate, which needs no
// font.
package picture

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/relate"
)

// A Picture is a relation and groups of its tasks.
type Picture struct {
	*relate.Relation
	Grouping *relate.Grouping
}

// Sizes of a picture, in pixels of SVG.
const (
	wide   = 1060
	high   = 530 // of one relation
	side   = 400 // of the map and of the heat map
	top    = 70
	left   = 40
	right  = 560 // where the heat map begins
	twigs  = 70  // of the tree beside it
	named  = 60  // tasks at most that are named on the map
	lapped = 45  // tasks at most that are named beside the heat map, and have a rectangle a cell
	letter = 11  // height of text where nothing else is said
)

var (
	ink    = color.RGBA{0x22, 0x22, 0x22, 255}
	faint  = color.RGBA{0x66, 0x66, 0x66, 255}
	twig   = color.RGBA{0x88, 0x88, 0x88, 255}
	frame  = color.RGBA{0xcc, 0xcc, 0xcc, 255}
	absent = color.RGBA{200, 200, 200, 255} // nothing is known
)

// palette tells groups apart, also to most of the colour-blind.
//
// Okabe, Ito, Color universal design, J*FLY, 2002.
var palette = []color.RGBA{
	{0x00, 0x72, 0xB2, 255}, {0xD5, 0x5E, 0x00, 255}, {0x00, 0x9E, 0x73, 255}, {0xCC, 0x79, 0xA7, 255},
	{0xE6, 0x9F, 0x00, 255}, {0x56, 0xB4, 0xE9, 255}, {0x8C, 0x6D, 0x1F, 255}, {0x55, 0x55, 0x55, 255},
}

// Where a text stands, as seen from its place.
const (
	start = iota
	middle
	end
)

// A canvas takes shapes. A title is what a shape says on a closer look, where
// there is such a thing.
type canvas interface {
	// move says where the shapes that come now have their origin.
	move(y float64)
	rect(x, y, w, h float64, fill color.RGBA, title string)
	frame(x, y, w, h float64, line color.RGBA)
	circle(x, y, r float64, fill color.RGBA, title string)
	// bracket is a line from x0, y0 across to x, down to y1 and across to x1.
	bracket(x0, y0, x, y1, x1 float64, line color.RGBA)
	text(x, y, height float64, anchor int, fill color.RGBA, text string)
	// image stretches a picture, whose pixels stay squares.
	image(x, y, w, h float64, picture image.Image) error
}

// drawAll draws relations one below the other: a map of the tasks, their first two
// dimensions, and the matrix, its rows and columns in the order of the tree of
// average linkage.
func drawAll(c canvas, pictures []Picture) error {
	for i, p := range pictures {
		c.move(float64(i * high))
		c.text(left, 32, 18, start, ink, p.Measure)
		if part, err := relate.All.Find("measure", p.Measure); err == nil {
			c.text(left, 52, letter, start, faint, part.Words)
		}
		p.drawMap(c)
		if p.Matrix == nil {
			c.text(right, top+side/2, letter, start, faint, "there are too many tasks to draw how alike each two are")
			continue
		}
		if err := p.drawMatrix(c); err != nil {
			return err
		}
	}
	return nil
}

// colourOf is that of a task's group.
func (p *Picture) colourOf(t int) color.RGBA { return palette[p.Grouping.Groups[t]%len(palette)] }

// dot is the radius of a task on the map.
func (p *Picture) dot() float64 { return max(1.2, min(5, 100/math.Sqrt(float64(len(p.Tasks))))) }

// title is a task as a picture names it on a closer look.
func (p *Picture) title(t int) string {
	return fmt.Sprintf("%s, group %d", p.Tasks[t], p.Grouping.Groups[t]+1)
}

// drawMap draws each task at its place, both dimensions on one scale.
func (p *Picture) drawMap(c canvas) {
	at := func(t, k int) float64 {
		if k < p.Vectors.Cols {
			return p.Vectors.At(t, k)
		}
		return 0
	}
	span, centre := 1e-300, [2]float64{}
	for k := range centre {
		low, high := math.Inf(1), math.Inf(-1)
		for t := range p.Tasks {
			low, high = min(low, at(t, k)), max(high, at(t, k))
		}
		span, centre[k] = max(span, high-low), (low+high)/2
	}
	c.frame(left, top, side, side, frame)
	for t, name := range p.Tasks {
		x := left + side/2 + (at(t, 0)-centre[0])/span*(side-80)
		y := top + side/2 - (at(t, 1)-centre[1])/span*(side-80)
		c.circle(x, y, p.dot(), p.colourOf(t), p.title(t))
		if len(p.Tasks) <= named {
			c.text(x+7, y+4, letter, start, ink, cut(name, 14))
		}
	}
	c.text(left, top+side+20, letter, start, faint, "a map of the tasks: the nearer, the more alike; colours are groups")
}

// drawMatrix draws the matrix with the tree on its left and a scale below.
func (p *Picture) drawMatrix(c canvas) error {
	merges := relate.Tree(p.Relation)
	order := relate.Order(len(p.Tasks), merges)
	scale := p.scale()
	p.drawTree(c, order, merges)
	if err := p.drawCells(c, order, scale); err != nil {
		return err
	}
	cell := side / float64(len(order))
	for i, t := range order {
		c.rect(right-6, top+float64(i)*cell, 5, cell, p.colourOf(t), p.title(t))
		if len(order) <= lapped {
			c.text(right+side+3, top+(float64(i)+0.5)*cell+3, min(letter, max(5, cell)), start, ink, cut(p.Tasks[t], 14))
		}
	}
	for i := range 101 {
		c.rect(right+2*float64(i), top+side+12, 2, 8, shade(float64(i)/50-1), "")
	}
	c.text(right, top+side+34, letter, start, ink, fmt.Sprintf("%.3g", -scale))
	c.text(right+101, top+side+34, letter, middle, ink, "0")
	c.text(right+202, top+side+34, letter, end, ink, fmt.Sprintf("%.3g", scale))
	if !p.Symmetric {
		c.text(right+215, top+side+20, letter, start, faint, "a row: what its task does for others")
	}
	return nil
}

// scale is the value of the strongest colour.
func (p *Picture) scale() float64 {
	if p.Symmetric {
		return 1
	}
	most := 0.0
	for s := range p.Tasks {
		for t, v := range p.Matrix.Row(s) {
			if s != t && !math.IsNaN(v) {
				most = max(most, math.Abs(v))
			}
		}
	}
	if most == 0 {
		return 1
	}
	return most
}

// drawCells draws a rectangle a cell, and of many tasks an image.
func (p *Picture) drawCells(c canvas, order []int, scale float64) error {
	n := len(order)
	cells := image.NewRGBA(image.Rect(0, 0, n, n))
	cell := side / float64(n)
	for i, s := range order {
		for j, t := range order {
			v := p.Matrix.At(s, t)
			fill := absent
			if !math.IsNaN(v) {
				fill = shade(v / scale)
			}
			cells.SetRGBA(j, i, fill)
			if n <= lapped {
				c.rect(right+float64(j)*cell, top+float64(i)*cell, cell, cell, fill, fmt.Sprintf("%s, %s: %.3g", p.Tasks[s], p.Tasks[t], v))
			}
		}
	}
	if n <= lapped {
		return nil
	}
	return c.image(right, top, side, side, cells)
}

// drawTree draws the merges, leaves on the right, one beside each row.
func (p *Picture) drawTree(c canvas, order []int, merges []penalty.Merge) {
	n, cell := len(order), side/float64(len(order))
	most := 0.0
	for _, m := range merges {
		most = max(most, m.Height)
	}
	if most == 0 {
		most = 1
	}
	x, y, root := make([]float64, n), make([]float64, n), make([]int, n)
	for i, t := range order {
		x[t], y[t], root[t] = right-8, top+(float64(i)+0.5)*cell, t
	}
	find := func(t int) int {
		for root[t] != t {
			t = root[t]
		}
		return t
	}
	for _, m := range merges {
		s, t := find(m.A), find(m.B)
		to := right - 8 - twigs*m.Height/most
		c.bracket(x[s], y[s], to, y[t], x[t], twig)
		x[s], y[s] = to, (y[s]+y[t])/2
		root[t] = s
	}
}

// shade is blue for −1, white for 0 and red for 1.
func shade(v float64) color.RGBA {
	v = max(-1, min(1, v))
	end := [3]float64{178, 24, 43}
	if v < 0 {
		end = [3]float64{33, 102, 172}
	}
	c := [3]uint8{}
	for i := range c {
		c[i] = uint8(math.Round(255 + math.Abs(v)*(end[i]-255)))
	}
	return color.RGBA{c[0], c[1], c[2], 255}
}

// cut shortens a name to n characters.
func cut(name string, n int) string {
	if r := []rune(name); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return name
}
