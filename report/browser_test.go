package report_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/synth"
)

// A browser is Chromium without a window, told what to do by its DevTools
// protocol over a pipe: https://chromedevtools.github.io/devtools-protocol.
type browser struct {
	t       *testing.T
	to      io.Writer
	from    *bufio.Reader
	session string
	last    int
	events  []message
}

// A message is a command, its answer or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// open starts Chromium, or skips the test where there is none, or none that starts,
// as in a container that forbids it.
func open(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("there is no Chromium")
	}
	theirs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Not TempDir: processes that the browser leaves behind write for a moment
	// more, and a folder that cannot be removed would fail the test.
	profile, err := os.MkdirTemp("", "kindred-browser")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	cmd := exec.CommandContext(t.Context(), program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirs, answers} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Skip("Chromium does not start: ", err)
	}
	theirs.Close()
	answers.Close()
	from.SetReadDeadline(time.Now().Add(time.Minute))
	b := &browser{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		to.Close()
		from.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	if _, err := io.WriteString(to, `{"id":0,"method":"Browser.getVersion"}`+"\x00"); err != nil {
		t.Skip("Chromium does not start: ", err)
	}
	if _, err := b.from.ReadBytes(0); err != nil {
		t.Skip("Chromium does not answer: ", err)
	}
	from.SetReadDeadline(time.Now().Add(5 * time.Minute))
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.do(domain+".enable", nil, nil)
	}
	return b
}

// do is ask, which must not fail.
func (b *browser) do(method string, params, result any) {
	b.t.Helper()
	if err := b.ask(method, params, result); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

// ask sends a command and waits for its answer; events meanwhile are kept.
func (b *browser) ask(method string, params, result any) error {
	b.t.Helper()
	b.last++
	m := message{ID: b.last, Session: b.session, Method: method}
	if params != nil {
		m.Params, _ = json.Marshal(params)
	}
	text, _ := json.Marshal(m)
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		got := b.next()
		switch {
		case got.ID == 0:
			b.events = append(b.events, got)
		case got.ID != b.last:
		case got.Error != nil:
			return errors.New(got.Error.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(got.Result, result)
		}
	}
}

func (b *browser) next() message {
	b.t.Helper()
	text, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	return m
}

// run evaluates a script in the page, into the value at result.
func (b *browser) run(script string, result any) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	b.do("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true, "awaitPromise": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", script, out.ExceptionDetails.Exception.Description)
	}
	if result != nil {
		if err := json.Unmarshal(out.Result.Value, result); err != nil {
			b.t.Fatalf("%s: %s: %v", script, out.Result.Value, err)
		}
	}
}

// visit opens a page in a window of this width and these colours, and waits
// until it has drawn itself.
func (b *browser) visit(file string, width int, scheme string) {
	b.t.Helper()
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.events = nil
	b.do("Page.navigate", map[string]any{"url": "file://" + file}, nil)
	script := map[string]any{"expression": `document.documentElement?.dataset.ready === "yes" && location.protocol === "file:"`, "returnByValue": true}
	for range 600 {
		var ready struct{ Result struct{ Value bool } }
		// While one page gives way to the other there may be none to ask.
		if err := b.ask("Runtime.evaluate", script, &ready); err == nil && ready.Result.Value {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.complaints()
	b.t.Fatal("the page does not get ready")
}

// complaints fails the test for what the browser has to say of the page.
func (b *browser) complaints() {
	b.t.Helper()
	for _, e := range b.events {
		switch e.Method {
		case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
			b.t.Errorf("%s: %.600s", e.Method, e.Params)
		case "Network.requestWillBeSent":
			if !strings.Contains(string(e.Params), `"url":"file://`) && !strings.Contains(string(e.Params), `"url":"data:`) {
				b.t.Errorf("the page asks for %.300s", e.Params)
			}
		}
	}
}

// picture keeps what the page looks like where KINDRED_PICTURES names a folder.
func (b *browser) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("KINDRED_PICTURES")
	if folder == "" {
		return
	}
	var shot struct{ Data string }
	b.do("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "format": "png"}, &shot)
	raw, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name), raw, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}

func save(t *testing.T, page string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// In a real browser every chart is drawn, wide and narrow, light and dark,
// without an error, a request or a page wider than its window.
func TestInBrowser(t *testing.T) {
	b := open(t)
	file := save(t, write(t, document(t, synth.Tasks{Tasks: 6, Samples: 40, Features: 4, Kind: kindred.Binary})))
	for _, view := range []struct {
		width  int
		scheme string
	}{{1280, "light"}, {1280, "dark"}, {360, "light"}} {
		b.visit(file, view.width, view.scheme)
		var seen struct {
			Wide    int
			Drawn   int
			Charts  int
			Hostile int
			Ground  string
		}
		b.run(`({wide: document.documentElement.scrollWidth, charts: document.querySelectorAll(".chart").length,
			drawn: [...document.querySelectorAll(".chart")].filter(box => [...box.querySelectorAll("canvas")].some(c => c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(v => v > 0))).length,
			hostile: document.querySelectorAll("img").length, ground: getComputedStyle(document.body).backgroundColor})`, &seen)
		if seen.Wide > view.width || seen.Drawn < seen.Charts || seen.Charts != 9 || seen.Hostile != 0 {
			t.Errorf("%d %s: %+v", view.width, view.scheme, seen)
		}
		if bright := seen.Ground == "rgb(251, 250, 247)"; bright != (view.scheme == "light") {
			t.Errorf("%s ground is %s", view.scheme, seen.Ground)
		}
		b.run(`document.getElementById("three").click()`, nil)
		var turned bool
		b.run(`document.getElementById("three").getAttribute("aria-pressed") === "true" && !document.getElementById("turn-hint").hidden`, &turned)
		if !turned {
			t.Error("the map has no third dimension")
		}
		b.picture(fmt.Sprintf("page-%d-%s.png", view.width, view.scheme))
		b.complaints()
	}
}

// A thousand tasks are sorted by what the head of a column says, and found by
// name.
func TestThousandTasksInBrowser(t *testing.T) {
	b := open(t)
	b.visit(save(t, write(t, document(t, synth.Tasks{Tasks: 1000, Samples: 6, Features: 2}))), 1280, "light")
	sorted := func(column string, at int) (first []float64) {
		b.run(`document.querySelector('th[data-key="`+column+`"] button').click()`, nil)
		b.run(fmt.Sprintf(`[...document.querySelectorAll("#tasks tbody tr")].slice(0, 5).map(r => parseFloat(r.children[%d].textContent.replace("−", "-")))`, at), &first)
		return first
	}
	rising := func(v []float64, sign float64) bool {
		for i := 1; i < len(v); i++ {
			if sign*v[i] < sign*v[i-1] {
				return false
			}
		}
		return len(v) == 5
	}
	least := sorted("gain", 4)
	most := sorted("gain", 4)
	if !rising(least, 1) || !rising(most, -1) || least[0] >= most[0] {
		t.Errorf("by gain, least first: %v, most first: %v", least, most)
	}
	if alone := sorted("alone", 2); !rising(alone, -1) {
		t.Errorf("by what a task reaches alone: %v", alone)
	}
	var found struct {
		Rows  int
		Count string
		More  bool
	}
	look := `({rows: document.querySelectorAll("#tasks tbody tr").length, count: document.getElementById("count").textContent, more: !document.getElementById("more").hidden})`
	if b.run(look, &found); found.Rows != 20 || !found.More || found.Count != "1000 tasks" {
		t.Errorf("at first: %+v", found)
	}
	b.run(`{ const f = document.getElementById("filter"); f.value = "t99"; f.dispatchEvent(new Event("input")); }`, nil)
	if b.run(look, &found); found.Rows != 11 || found.More || found.Count != "11 of 1000 tasks" {
		t.Errorf("tasks with t99 in their names: %+v", found)
	}
	var heat bool
	if b.run(`document.getElementById("heat-chart").parentElement.hidden && !document.getElementById("heat-none").hidden`, &heat); !heat {
		t.Error("a matrix of a thousand tasks is drawn, or its lack is not told")
	}
	b.picture("thousand.png")
	b.complaints()
}
