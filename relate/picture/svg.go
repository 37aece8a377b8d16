package picture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"io"
)

// WriteSVG draws relations one below the other. Shapes tell the names of tasks
// and the entries of matrices on a closer look.
func WriteSVG(w io.Writer, pictures []Picture) error {
	var b bytes.Buffer
	tall := high * len(pictures)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="%d" fill="%s">`+"\n", wide, tall, wide, tall, letter, css(ink))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	if err := drawAll(&svg{b: &b}, pictures); err != nil {
		return err
	}
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// svg is a canvas of elements.
type svg struct {
	b *bytes.Buffer
	y float64 // of the origin
}

func (s *svg) move(y float64) { s.y = y }

func (s *svg) rect(x, y, w, h float64, fill color.RGBA, title string) {
	fmt.Fprintf(s.b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"`, x, s.y+y, w, h, css(fill))
	s.close("rect", title)
}

func (s *svg) frame(x, y, w, h float64, line color.RGBA) {
	fmt.Fprintf(s.b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="none" stroke="%s"/>`+"\n", x, s.y+y, w, h, css(line))
}

func (s *svg) circle(x, y, r float64, fill color.RGBA, title string) {
	fmt.Fprintf(s.b, `<circle cx="%.1f" cy="%.1f" r="%g" fill="%s" fill-opacity="%g"`, x, s.y+y, r, css(fill), opacity)
	s.close("circle", title)
}

// close ends an element, with a title or without.
func (s *svg) close(element, title string) {
	if title == "" {
		s.b.WriteString("/>\n")
		return
	}
	fmt.Fprintf(s.b, "><title>%s</title></%s>\n", html.EscapeString(title), element)
}

func (s *svg) bracket(x0, y0, x, y1, x1 float64, line color.RGBA) {
	fmt.Fprintf(s.b, `<path d="M%.1f %.1fH%.1fV%.1fH%.1f" fill="none" stroke="%s"/>`+"\n", x0, s.y+y0, x, s.y+y1, x1, css(line))
}

func (s *svg) text(x, y, height float64, anchor int, fill color.RGBA, text string) {
	fmt.Fprintf(s.b, `<text x="%.1f" y="%.1f"`, x, s.y+y)
	if height != letter {
		fmt.Fprintf(s.b, ` font-size="%.1f"`, height)
	}
	if anchor != start {
		fmt.Fprintf(s.b, ` text-anchor="%s"`, []string{"start", "middle", "end"}[anchor])
	}
	if fill != ink {
		fmt.Fprintf(s.b, ` fill="%s"`, css(fill))
	}
	fmt.Fprintf(s.b, ">%s</text>\n", html.EscapeString(text))
}

func (s *svg) image(x, y, w, h float64, picture image.Image) error {
	var raw bytes.Buffer
	if err := png.Encode(&raw, picture); err != nil {
		return err
	}
	fmt.Fprintf(s.b, `<image x="%.2f" y="%.2f" width="%.2f" height="%.2f" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,%s"/>`+"\n",
		x, s.y+y, w, h, base64.StdEncoding.EncodeToString(raw.Bytes()))
	return nil
}

func css(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
