package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// A peer is the process of peers.py.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// A result is what the peer says of one run.
type result struct {
	Seconds   float64 `json:"seconds"`
	Objective float64 `json:"objective"`
	Gap       float64 `json:"gap"`
	Steps     int     `json:"steps"`
	Accuracy  float64 `json:"accuracy"`
	Alpha     float64 `json:"alpha"`
	Late      bool    `json:"late"` // it was stopped
}

// startPeer starts the interpreter on peers.py, with as many threads as ours
// and with OpenBLAS free to choose its kernels.
func startPeer(ctx context.Context, python string, threads int) (*peer, error) {
	cmd := exec.CommandContext(ctx, python, "-W", "ignore", "bench/peers.py", strconv.Itoa(threads))
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); name != "OPENBLAS_CORETYPE" && name != "OPENBLAS_L2_SIZE" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	for _, name := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"} {
		cmd.Env = append(cmd.Env, name+"="+strconv.Itoa(threads))
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w; bench/setup.sh makes it", err)
	}
	return &peer{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

func (p *peer) stop() {
	p.in.Close()
	p.cmd.Wait()
}

// ask sends a request and reads the answer.
func (p *peer) ask(request, answer any) error {
	if err := json.NewEncoder(p.in).Encode(request); err != nil {
		return err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("peers.py ended: %w", err)
	}
	return json.Unmarshal(line, answer)
}

// prepare readies a case of peers.py.
func (p *peer) prepare(name string, args map[string]any) error {
	return p.ask(map[string]any{"case": name, "args": args}, &struct{}{})
}

// run runs the case once.
func (p *peer) run() (r result, err error) { return r, p.ask(struct{}{}, &r) }
