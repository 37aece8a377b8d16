package relate

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"github.com/kindred-mtl/kindred/penalty"
)

// A Picture is a relation and groups of its tasks.
type Picture struct {
	*Relation
	Grouping *Grouping
}

// Sizes of a picture, in pixels.
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
)

// palette tells groups apart, also to most of the colour-blind.
//
// Okabe, Ito, Color universal design, J*FLY, 2002.
var palette = []string{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D1F", "#555555"}

// WriteSVG draws relations one below the other: a map of the tasks, their first
// two dimensions, and the matrix, its rows and columns in the order of the tree
// of average linkage.
func WriteSVG(w io.Writer, pictures []Picture) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11" fill="#222">`+"\n", wide, high*len(pictures), wide, high*len(pictures))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	for i, p := range pictures {
		fmt.Fprintf(&b, `<g transform="translate(0 %d)">`+"\n", i*high)
		fmt.Fprintf(&b, `<text x="%d" y="32" font-size="18">%s</text>`+"\n", left, html.EscapeString(p.Measure))
		if part, err := All.Find("measure", p.Measure); err == nil {
			fmt.Fprintf(&b, `<text x="%d" y="52" fill="#666">%s</text>`+"\n", left, html.EscapeString(part.Words))
		}
		p.drawMap(&b)
		if err := p.drawMatrix(&b); err != nil {
			return err
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// colourOf is that of a task's group.
func (p *Picture) colourOf(t int) string { return palette[p.Grouping.Groups[t]%len(palette)] }

// title is a task as a picture names it on a closer look.
func (p *Picture) title(t int) string {
	return html.EscapeString(fmt.Sprintf("%s, group %d", p.Tasks[t], p.Grouping.Groups[t]+1))
}

// drawMap draws each task at its place, both dimensions on one scale.
func (p *Picture) drawMap(b *bytes.Buffer) {
	at := func(t, c int) float64 {
		if c < p.Vectors.Cols {
			return p.Vectors.At(t, c)
		}
		return 0
	}
	span, middle := 1e-300, [2]float64{}
	for c := range middle {
		low, high := math.Inf(1), math.Inf(-1)
		for t := range p.Tasks {
			low, high = min(low, at(t, c)), max(high, at(t, c))
		}
		span, middle[c] = max(span, high-low), (low+high)/2
	}
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#ccc"/>`+"\n", left, top, side, side)
	for t, name := range p.Tasks {
		x := left + side/2 + (at(t, 0)-middle[0])/span*(side-80)
		y := top + side/2 - (at(t, 1)-middle[1])/span*(side-80)
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s" fill-opacity=".85"><title>%s</title></circle>`+"\n", x, y, p.colourOf(t), p.title(t))
		if len(p.Tasks) <= named {
			fmt.Fprintf(b, `<text x="%.1f" y="%.1f">%s</text>`+"\n", x+7, y+4, html.EscapeString(cut(name, 14)))
		}
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="#666">a map of the tasks: the nearer, the more alike; colours are groups</text>`+"\n", left, top+side+20)
}

// drawMatrix draws the matrix with the tree on its left and a scale below.
func (p *Picture) drawMatrix(b *bytes.Buffer) error {
	merges := Tree(p.Relation)
	order := Order(len(p.Tasks), merges)
	scale := p.scale()
	p.drawTree(b, order, merges)
	if err := p.drawCells(b, order, scale); err != nil {
		return err
	}
	cell := side / float64(len(order))
	for i, t := range order {
		fmt.Fprintf(b, `<rect x="%d" y="%.2f" width="5" height="%.2f" fill="%s"><title>%s</title></rect>`+"\n", right-6, top+float64(i)*cell, cell, p.colourOf(t), p.title(t))
		if len(order) <= lapped {
			fmt.Fprintf(b, `<text x="%d" y="%.1f" font-size="%.1f">%s</text>`+"\n", right+side+3, top+(float64(i)+0.5)*cell+3, min(11, max(5, cell)), html.EscapeString(cut(p.Tasks[t], 14)))
		}
	}
	for i := range 101 {
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="2" height="8" fill="%s"/>`+"\n", right+2*i, top+side+12, css(shade(float64(i)/50-1)))
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">%.3g</text><text x="%d" y="%d" text-anchor="middle">0</text><text x="%d" y="%d" text-anchor="end">%.3g</text>`+"\n",
		right, top+side+34, -scale, right+101, top+side+34, right+202, top+side+34, scale)
	if !p.Symmetric {
		fmt.Fprintf(b, `<text x="%d" y="%d" fill="#666">a row: what its task does for others</text>`+"\n", right+215, top+side+20)
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
func (p *Picture) drawCells(b *bytes.Buffer, order []int, scale float64) error {
	n := len(order)
	picture := image.NewRGBA(image.Rect(0, 0, n, n))
	cell := side / float64(n)
	for i, s := range order {
		for j, t := range order {
			v := p.Matrix.At(s, t)
			c := color.RGBA{200, 200, 200, 255}
			if !math.IsNaN(v) {
				c = shade(v / scale)
			}
			picture.SetRGBA(j, i, c)
			if n <= lapped {
				fmt.Fprintf(b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"><title>%s</title></rect>`+"\n", right+float64(j)*cell, top+float64(i)*cell, cell, cell, css(c),
					html.EscapeString(fmt.Sprintf("%s, %s: %.3g", p.Tasks[s], p.Tasks[t], v)))
			}
		}
	}
	if n <= lapped {
		return nil
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, picture); err != nil {
		return err
	}
	fmt.Fprintf(b, `<image x="%d" y="%d" width="%d" height="%d" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,%s"/>`+"\n",
		right, top, side, side, base64.StdEncoding.EncodeToString(raw.Bytes()))
	return nil
}

// drawTree draws the merges, leaves on the right, one beside each row.
func (p *Picture) drawTree(b *bytes.Buffer, order []int, merges []penalty.Merge) {
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
		fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1fV%.1fH%.1f" fill="none" stroke="#888"/>`+"\n", x[s], y[s], to, y[t], x[t])
		x[s], y[s] = to, (y[s]+y[t])/2
		root[t] = s
	}
}

// Order lists n tasks as the leaves of a tree, so that its lines do not cross.
func Order(n int, merges []penalty.Merge) []int {
	leaves := make([][]int, n)
	of := make([]int, n)
	for t := range n {
		leaves[t], of[t] = []int{t}, t
	}
	for _, m := range merges {
		a, b := of[m.A], of[m.B]
		leaves[a] = append(leaves[a], leaves[b]...)
		for _, t := range leaves[b] {
			of[t] = a
		}
		leaves[b] = nil
	}
	var out []int
	for _, l := range leaves {
		out = append(out, l...)
	}
	return out
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

func css(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// cut shortens a name to n characters.
func cut(name string, n int) string {
	if r := []rune(name); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return name
}
