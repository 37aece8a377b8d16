package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

const (
	opacity = 0.85 // of circles, so that those below show
	density = 2    // pixels of PNG for one of SVG, across and down
	most    = 64   // relations in one PNG
)

// WritePNG draws what WriteSVG draws, twice as many pixels across and down. Its
// font is Go's, which has Latin, Greek and Cyrillic letters.
func WritePNG(w io.Writer, pictures []Picture) error {
	if len(pictures) > most {
		return fmt.Errorf("a PNG of %d relations is too tall; draw %d at most, or SVG", len(pictures), most)
	}
	letters, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return err
	}
	r := &raster{to: image.NewRGBA(image.Rect(0, 0, density*wide, density*high*len(pictures))), letters: letters, faces: map[float64]font.Face{}}
	draw.Draw(r.to, r.to.Bounds(), image.White, image.Point{}, draw.Src)
	if err := drawAll(r, pictures); err != nil {
		return err
	}
	if r.err != nil {
		return r.err
	}
	return png.Encode(w, r.to)
}

// raster is a canvas of pixels.
type raster struct {
	to      *image.RGBA
	y       float64 // of the origin
	letters *opentype.Font
	faces   map[float64]font.Face // of each height
	err     error                 // the first one
}

func (r *raster) move(y float64) { r.y = y }

// pixels are those between corners, whole ones, so that neighbours leave no gap.
func (r *raster) pixels(x0, y0, x1, y1 float64) image.Rectangle {
	at := func(v float64) int { return int(math.Round(density * v)) }
	return image.Rect(at(x0), at(r.y+y0), at(x1), at(r.y+y1))
}

func (r *raster) fill(area image.Rectangle, c color.RGBA) {
	draw.Draw(r.to, area, image.NewUniform(c), image.Point{}, draw.Src)
}

func (r *raster) rect(x, y, w, h float64, fill color.RGBA, _ string) {
	r.fill(r.pixels(x, y, x+w, y+h), fill)
}

func (r *raster) frame(x, y, w, h float64, line color.RGBA) {
	r.bracket(x, y, x+w, y+h, x, line)
	r.bracket(x+w, y, x, y+h, x+w, line)
}

func (r *raster) bracket(x0, y0, x, y1, x1 float64, line color.RGBA) {
	r.line(x0, y0, x, y0, line)
	r.line(x, y0, x, y1, line)
	r.line(x, y1, x1, y1, line)
}

// line is one across or down, of width 1 around its place.
func (r *raster) line(x0, y0, x1, y1 float64, c color.RGBA) {
	r.fill(r.pixels(min(x0, x1)-0.5, min(y0, y1)-0.5, max(x0, x1)+0.5, max(y0, y1)+0.5), c)
}

func (r *raster) circle(x, y, radius float64, fill color.RGBA, _ string) {
	cx, cy, d := density*x, density*(r.y+y), density*radius
	for j := int(cy - d - 1); j <= int(cy+d+1); j++ {
		for i := int(cx - d - 1); i <= int(cx+d+1); i++ {
			// the share of the pixel that is inside, the edge taken as straight
			inside := max(0, min(1, d+0.5-math.Hypot(float64(i)+0.5-cx, float64(j)+0.5-cy)))
			if share := opacity * inside; share > 0 && (image.Point{X: i, Y: j}).In(r.to.Rect) {
				old := r.to.RGBAAt(i, j)
				mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-share) + float64(b)*share)) }
				r.to.SetRGBA(i, j, color.RGBA{mix(old.R, fill.R), mix(old.G, fill.G), mix(old.B, fill.B), 255})
			}
		}
	}
}

func (r *raster) text(x, y, height float64, anchor int, fill color.RGBA, text string) {
	face, err := r.face(height)
	if err != nil {
		r.err = err
		return
	}
	d := font.Drawer{Dst: r.to, Src: image.NewUniform(fill), Face: face}
	x *= density
	switch width := float64(d.MeasureString(text)) / 64; anchor {
	case middle:
		x -= width / 2
	case end:
		x -= width
	}
	d.Dot = fixed.Point26_6{X: fixed.Int26_6(64 * x), Y: fixed.Int26_6(64 * density * (r.y + y))}
	d.DrawString(text)
}

// face is the font in a height.
func (r *raster) face(height float64) (font.Face, error) {
	if f, ok := r.faces[height]; ok {
		return f, nil
	}
	f, err := opentype.NewFace(r.letters, &opentype.FaceOptions{Size: density * height, DPI: 72, Hinting: font.HintingFull})
	r.faces[height] = f
	return f, err
}

func (r *raster) image(x, y, w, h float64, picture image.Image) error {
	to, from := r.pixels(x, y, x+w, y+h), picture.Bounds()
	for j := to.Min.Y; j < to.Max.Y; j++ {
		for i := to.Min.X; i < to.Max.X; i++ {
			r.to.Set(i, j, picture.At(from.Min.X+(i-to.Min.X)*from.Dx()/to.Dx(), from.Min.Y+(j-to.Min.Y)*from.Dy()/to.Dy()))
		}
	}
	return nil
}
