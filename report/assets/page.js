"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = id => document.getElementById(id);
  // Okabe, Ito, Color universal design, 2008: told apart by everybody.
  const palette = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7f00", "#6b5b95", "#666666", "#b07d62", "#3b8686", "#a03060"];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const charts = [];
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const get = name => style.getPropertyValue("--" + name).trim();
    return { ink: get("ink"), soft: get("soft"), line: get("line"), panel: get("panel"), better: get("better"), worse: get("worse"), accent: get("accent") };
  };
  const number = (v, digits) => {
    if (v === null || v === undefined) return "—";
    const a = Math.abs(v);
    const places = digits !== undefined ? digits : a >= 1000 ? 0 : a >= 100 ? 1 : a >= 10 ? 2 : a >= 1 ? 3 : 4;
    return v.toFixed(places).replace("-", "−");
  };
  const signed = v => v === null || v === undefined ? "—" : (v > 0 ? "+" : "") + number(v);
  const cut = (s, n) => [...s].length > n ? [...s].slice(0, n - 1).join("") + "…" : s;

  // draw makes a chart of the options that make gives, again when the window or
  // its colours change.
  function draw(id, make, ready) {
    const box = at(id);
    if (!box) return null;
    const chart = echarts.init(box, null, { renderer: "canvas" });
    const again = () => {
      chart.clear();
      chart.setOption(Object.assign({ animation: false, aria: { enabled: true } }, make(colours(), box)));
    };
    again();
    if (ready) ready(chart);
    charts.push({ chart, again });
    return { chart, again };
  }
  // tip shows lines of text, and nothing but text.
  const tip = (lines, c) => ({
    backgroundColor: c.panel, borderColor: c.line, textStyle: { color: c.ink }, confine: true, appendTo: null,
    formatter: p => {
      const box = document.createElement("div");
      for (const line of lines(p)) {
        const row = document.createElement("div");
        row.textContent = line;
        box.append(row);
      }
      return box;
    },
  });
  const axis = (c, more) => Object.assign({
    axisLine: { lineStyle: { color: c.line } }, axisLabel: { color: c.soft }, axisTick: { show: false },
    splitLine: { lineStyle: { color: c.line, opacity: .6 } }, nameTextStyle: { color: c.soft },
  }, more);

  // The gains: a chart of those that are shown in the table, and the table.
  function gains() {
    const g = data.gains;
    if (!g) return;
    const page = 20;
    let key = "gain", down = true, shown = page, rows = g.rows;
    const chosen = () => {
      const find = at("filter").value.trim().toLocaleLowerCase(), which = at("which").value;
      const out = g.rows.filter(r => (!find || r.task.toLocaleLowerCase().includes(find)) &&
        (which !== "better" || r.verdict === "better") &&
        (which !== "worse" || r.verdict === "worse" || (r.probability !== null && r.probability < .5 && r.gain < 0)));
      const value = r => r[key];
      return out.sort((a, b) => {
        const x = value(a), y = value(b);
        if (x === null || y === null) return (x === null) - (y === null);
        const order = typeof x === "string" ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
        return down ? -order : order;
      });
    };
    const line = r => {
      const tr = document.createElement("tr");
      if (r.verdict) tr.className = r.verdict;
      const put = (text, name, kind) => {
        const td = document.createElement(kind || "td");
        td.textContent = text;
        if (name) td.className = name;
        if (kind === "th") { td.scope = "row"; td.title = text; }
        tr.append(td);
      };
      put(r.task + (r.group ? " · group " + r.group : ""), "", "th");
      put(String(r.labels), "n");
      put(number(r.alone), "n");
      put(number(r.with), "n");
      put(signed(r.gain), "n gain");
      put(r.low === null ? "unbounded" : signed(r.low) + " to " + signed(r.high), "n");
      put(r.probability === null ? "—" : r.probability.toFixed(2), "n");
      return tr;
    };
    let bar = null;
    const show = () => {
      rows = chosen();
      const body = at("tasks").tBodies[0];
      body.replaceChildren(...rows.slice(0, shown).map(line));
      at("more").hidden = rows.length <= shown;
      at("count").textContent = rows.length === g.rows.length ? rows.length + " tasks" : rows.length + " of " + g.rows.length + " tasks";
      if (bar) bar.again();
    };
    for (const th of at("tasks").tHead.querySelectorAll("th[data-key]")) {
      th.querySelector("button").addEventListener("click", () => {
        if (key === th.dataset.key) down = !down;
        else [key, down] = [th.dataset.key, th.dataset.key !== "task"];
        for (const other of at("tasks").tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        show();
      });
    }
    at("filter").addEventListener("input", () => { shown = page; show(); });
    at("which").addEventListener("change", () => { shown = page; show(); });
    at("more").addEventListener("click", () => { shown += 10 * page; show(); });
    bar = draw("gain-chart", (c, box) => gainChart(rows, c, box));
    show();
  }
  function gainChart(rows, c, box) {
    const list = rows.slice().reverse();
    const many = Math.min(list.length, Math.max(6, Math.floor(box.clientHeight / 20)));
    const width = Math.min(150, box.clientWidth * .3);
    // An interval of a task with few rows may be so wide that it hides all others.
    const ends = list.flatMap(r => [r.low, r.high]).filter(v => v !== null).map(Math.abs).sort((a, b) => a - b);
    const most = list.reduce((m, r) => Math.max(m, Math.abs(r.gain)), 0);
    const limit = Math.max(ends.length ? ends[Math.floor(.9 * (ends.length - 1))] : 0, most) * 1.05 || 1;
    const from = v => Math.max(-limit, Math.min(limit, v));
    return {
      grid: { left: width + 12, right: list.length > many ? 34 : 12, top: 8, bottom: 28 },
      xAxis: axis(c, { type: "value", min: -limit, max: limit, axisLabel: { color: c.soft, hideOverlap: true, formatter: v => signed(v) } }),
      yAxis: axis(c, { type: "category", data: list.map(r => r.task), axisLabel: { color: c.ink, width, overflow: "truncate" }, splitLine: { show: false } }),
      dataZoom: list.length > many ? [
        { type: "slider", yAxisIndex: 0, startValue: list.length - many, endValue: list.length - 1, width: 14, right: 6, brushSelect: false, showDetail: false, borderColor: c.line, fillerColor: c.line, handleStyle: { color: c.soft } },
        { type: "inside", yAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, moveOnMouseMove: false },
      ] : [],
      tooltip: tip(p => {
        const r = list[p.dataIndex];
        return [r.task, "gain " + signed(r.gain) + (r.low === null ? "" : ", 95 %: " + signed(r.low) + " to " + signed(r.high)),
          "alone " + number(r.alone) + ", here " + number(r.with), r.probability === null ? "" : "gains with a probability of " + r.probability.toFixed(2)];
      }, c),
      series: [
        { type: "custom", silent: true, data: list.map((r, i) => [r.low === null ? -limit : from(r.low), i, r.high === null ? limit : from(r.high)]), encode: { x: [0, 2], y: 1 },
          renderItem: (_, api) => {
            const a = api.coord([api.value(0), api.value(1)]), b = api.coord([api.value(2), api.value(1)]);
            return { type: "line", shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }, style: { stroke: c.soft, lineWidth: 1.5, opacity: .7 } };
          } },
        { type: "scatter", symbolSize: 9, data: list.map((r, i) => ({ value: [from(r.gain), i], itemStyle: { color: r.gain < 0 ? c.worse : c.better, opacity: r.verdict ? 1 : .75 } })),
          markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: c.ink, type: "solid", width: 1 }, data: [{ xAxis: 0 }] } },
      ],
    };
  }

  function curve() {
    if (!data.curve || !data.curve.length) return;
    draw("curve-chart", c => ({
      color: palette, grid: { left: 56, right: 16, top: 40, bottom: 40 }, legend: { top: 0, textStyle: { color: c.ink }, type: "scroll" },
      xAxis: axis(c, { type: "value", name: "rows of a task", nameLocation: "middle", nameGap: 26, scale: true }),
      yAxis: axis(c, { type: "value", scale: true, name: data.metric, nameTextStyle: { color: c.soft, align: "left" } }),
      tooltip: tip(p => [p.seriesName, number(p.value[0], 0) + " rows: " + number(p.value[1])], c),
      series: data.curve.map(l => ({ name: l.method, type: "line", symbolSize: 7, data: l.points })),
    }));
    const table = at("rows-alone"), add = (part, kind, cells) => {
      const tr = document.createElement("tr");
      cells.forEach((text, i) => {
        const cell = document.createElement(i === 0 ? "th" : kind);
        cell.textContent = text;
        if (i > 0) cell.className = "n";
        tr.append(cell);
      });
      part.append(tr);
    };
    const others = data.curve.slice(1).filter(l => l.alone.some(Boolean));
    if (!others.length) { table.hidden = true; return; }
    add(table.tHead, "th", ["does as well as alone with"].concat(others[0].points.map(p => number(p[0], 0) + " rows")));
    for (const l of others) add(table.tBodies[0], "td", [l.method].concat(l.alone.map(a => a ? a + " rows" : "—")));
  }

  // The map and the matrix of a measure.
  function relations() {
    const list = data.relations;
    if (!list || !list.length) return;
    const pick = at("measure");
    list.forEach((r, i) => pick.append(new Option(r.measure, i)));
    const now = () => list[pick.value || 0];
    const space = { three: false, turn: .6, tip: .35 };
    const project = p => {
      const [x, y, z] = [p[0] || 0, p[1] || 0, p[2] || 0];
      if (!space.three) return [x, y, 0];
      const u = x * Math.cos(space.turn) + z * Math.sin(space.turn), v = -x * Math.sin(space.turn) + z * Math.cos(space.turn);
      return [u, y * Math.cos(space.tip) - v * Math.sin(space.tip), y * Math.sin(space.tip) + v * Math.cos(space.tip)];
    };
    const map = draw("map-chart", c => mapChart(now(), project, space, c), chart => {
      let from = null;
      const z = chart.getZr();
      const turn = (dx, dy) => { space.turn += dx * .01; space.tip = Math.max(-1.5, Math.min(1.5, space.tip + dy * .01)); chart.setOption(mapChart(now(), project, space, colours())); };
      z.on("mousedown", e => { if (space.three) from = [e.offsetX, e.offsetY]; });
      z.on("mousemove", e => { if (from) { turn(e.offsetX - from[0], e.offsetY - from[1]); from = [e.offsetX, e.offsetY]; } });
      z.on("mouseup", () => { from = null; });
      z.on("globalout", () => { from = null; });
      at("map-chart").addEventListener("keydown", e => {
        const by = { ArrowLeft: [-12, 0], ArrowRight: [12, 0], ArrowUp: [0, -12], ArrowDown: [0, 12] }[e.key];
        if (by && space.three) { e.preventDefault(); turn(by[0], by[1]); }
      });
    });
    const heat = draw("heat-chart", c => now().matrix ? heatChart(now(), c) : {});
    const show = () => {
      const r = now();
      at("measure-words").textContent = r.words.charAt(0).toUpperCase() + r.words.slice(1) + "; of " + r.on + ". " +
        (Math.max(...r.groups) + 1) + " groups by spectral clustering, silhouette " + number(r.silhouette, 2) + (r.silhouette < .25 ? ": hardly any" : "") + ".";
      at("heat-chart").parentElement.hidden = !r.matrix;
      at("heat-none").hidden = !!r.matrix;
      map.again();
      heat.again();
      if (r.matrix) heat.chart.resize();
    };
    pick.addEventListener("change", show);
    const two = at("two"), three = at("three");
    if (two) for (const [button, on] of [[two, false], [three, true]]) {
      button.addEventListener("click", () => {
        space.three = on;
        two.setAttribute("aria-pressed", String(!on));
        three.setAttribute("aria-pressed", String(on));
        at("turn-hint").hidden = !on;
        map.again();
      });
    }
    show();
  }
  function mapChart(r, project, space, c) {
    const points = r.points.map(project);
    const reach = 1.12 * points.reduce((m, p) => Math.max(m, Math.abs(p[0]), Math.abs(p[1])), 1e-9);
    const deep = points.reduce((m, p) => Math.max(m, Math.abs(p[2])), 1e-9);
    const few = r.tasks.length <= 60;
    const order = points.map((_, i) => i).sort((i, j) => points[i][2] - points[j][2]);
    const bare = { axisLabel: { show: false }, axisTick: { show: false }, axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: c.line, opacity: space.three ? .25 : .6 } } };
    return {
      grid: { left: 8, right: 8, top: 8, bottom: 8 },
      xAxis: Object.assign({ type: "value", min: -reach, max: reach }, bare), yAxis: Object.assign({ type: "value", min: -reach, max: reach }, bare),
      tooltip: tip(p => [r.tasks[p.data.task], "group " + (r.groups[p.data.task] + 1)], c),
      series: [{
        type: "scatter", labelLayout: { hideOverlap: true },
        data: order.map(i => {
          const near = space.three ? .5 + .5 * points[i][2] / deep : 1;
          return { task: i, value: points[i].slice(0, 2), symbolSize: (few ? 12 : 9) * (.65 + .45 * near), itemStyle: { color: palette[r.groups[i] % palette.length], opacity: .35 + .6 * near, borderColor: c.panel, borderWidth: 1 },
            label: { show: few, formatter: () => cut(r.tasks[i], 18), position: points[i][0] > .45 * reach ? "left" : "right", color: c.ink, fontSize: 11 } };
        }),
      }],
    };
  }
  function heatChart(r, c) {
    const n = r.order.length, names = r.order.map(t => r.tasks[t]), cells = [];
    let most = 1e-9;
    r.matrix.forEach((row, s) => row.forEach((v, t) => { if (v !== null && s !== t) most = Math.max(most, Math.abs(v)); }));
    r.matrix.forEach((row, s) => row.forEach((v, t) => cells.push([t, n - 1 - s, v === null ? "-" : v])));
    const tall = r.merges ? r.merges.reduce((m, b) => Math.max(m, b.Height), 0) : 0;
    const left = n <= 40 ? Math.min(110, 14 + 6 * names.reduce((m, s) => Math.max(m, s.length), 0)) : 10;
    const top = tall > 0 ? 78 : 10;
    return {
      grid: [{ left, right: 10, top, bottom: 44 }, { left, right: 10, top: 6, height: 66 }],
      xAxis: [{ type: "category", data: names, show: false }, { type: "value", gridIndex: 1, min: -.5, max: n - .5, show: false }],
      yAxis: [{ type: "category", data: names.slice().reverse(), show: n <= 40, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: c.soft, width: left - 8, overflow: "truncate", interval: 0, fontSize: Math.max(7, Math.min(11, 420 / n)) } },
        { type: "value", gridIndex: 1, min: 0, max: tall || 1, show: false }],
      visualMap: { min: -most, max: most, calculable: false, orient: "horizontal", left: "center", bottom: 0, itemWidth: 12, itemHeight: 120, seriesIndex: 0, text: [number(most, 2), number(-most, 2)], textStyle: { color: c.soft }, inRange: { color: ["#b2450b", "#e8a57c", c.panel === "#ffffff" ? "#f7f5f0" : "#2a3237", "#7fb6dc", "#0a5c96"] } },
      tooltip: tip(p => p.seriesIndex === 0 ? [names[n - 1 - p.value[1]] + " and " + names[p.value[0]], p.value[2] === "-" ? "not known" : number(p.value[2], 3)] : [""], c),
      series: [
        { type: "heatmap", data: cells, progressive: 4000 },
        { type: "custom", silent: true, xAxisIndex: 1, yAxisIndex: 1, data: (r.merges || []).map(b => [b.A, b.B, b.FromA, b.FromB, b.Height]), encode: { x: [0, 1], y: [2, 3, 4] },
          renderItem: (_, api) => {
            const p = [[0, 2], [0, 4], [1, 4], [1, 3]].map(([x, y]) => api.coord([api.value(x), api.value(y)]));
            return { type: "polyline", shape: { points: p }, style: { stroke: c.soft, fill: "none", lineWidth: 1 } };
          } },
      ],
    };
  }

  function shares() {
    const all = data.shares;
    if (!all || !all.length) return;
    draw("share-chart", (c, box) => {
      const list = all.slice().reverse(), many = Math.min(list.length, Math.max(6, Math.floor(box.clientHeight / 20))), width = Math.min(150, box.clientWidth * .3);
      return {
        grid: { left: width + 12, right: list.length > many ? 34 : 16, top: 8, bottom: 28 },
        xAxis: axis(c, { type: "value", min: 0, max: 1 }),
        yAxis: axis(c, { type: "category", data: list.map(s => s.task), axisLabel: { color: c.ink, width, overflow: "truncate" }, splitLine: { show: false } }),
        dataZoom: list.length > many ? [{ type: "slider", yAxisIndex: 0, startValue: list.length - many, endValue: list.length - 1, width: 14, right: 6, brushSelect: false, showDetail: false, borderColor: c.line, fillerColor: c.line, handleStyle: { color: c.soft } }] : [],
        tooltip: tip(p => [list[p.dataIndex].task, "share " + number(list[p.dataIndex].share, 2)].concat(list[p.dataIndex].levels ? ["by level, from the root: " + list[p.dataIndex].levels.map(v => number(v, 2)).join(", ")] : []), c),
        series: [{ type: "bar", barMaxWidth: 14, data: list.map(s => s.share), itemStyle: { color: c.accent, borderRadius: [0, 3, 3, 0] } }],
      };
    });
  }

  function importance() {
    const m = data.importance;
    if (!m || !m.columns.length) return;
    const names = m.columns.slice().reverse();
    at("importance-chart").style.height = Math.max(9, 2 + 1.35 * names.length) + "rem";
    draw("importance-chart", (c, box) => {
      const width = Math.min(180, box.clientWidth * .35);
      return {
        grid: { left: width + 12, right: 16, top: 4, bottom: 28 }, xAxis: axis(c, { type: "value" }),
        yAxis: axis(c, { type: "category", data: names, axisLabel: { color: c.ink, width, overflow: "truncate", interval: 0 }, splitLine: { show: false } }),
        tooltip: tip(p => [names[p.dataIndex], "over all tasks " + number(p.value, 3)], c),
        series: [{ type: "bar", barMaxWidth: 14, data: m.shared.slice().reverse(), itemStyle: { color: c.accent, borderRadius: [0, 3, 3, 0] } }],
      };
    });
    const tasks = m.tasks, cells = [];
    let most = 1e-9;
    m.each.forEach((row, t) => row.forEach((v, j) => { cells.push([t, names.length - 1 - j, v]); most = Math.max(most, v); }));
    if (tasks.length < 2) { at("each-chart").hidden = true; return; }
    at("each-chart").style.height = Math.max(10, 7 + 1.2 * names.length) + "rem";
    draw("each-chart", (c, box) => {
      const width = Math.min(180, box.clientWidth * .35);
      return {
        grid: { left: width + 12, right: 16, top: 4, bottom: 76 },
        xAxis: axis(c, { type: "category", data: tasks, axisLabel: { color: c.soft, show: tasks.length <= 60, rotate: 60, width: 60, overflow: "truncate", interval: 0, fontSize: 10 }, splitLine: { show: false } }),
        yAxis: axis(c, { type: "category", data: names, axisLabel: { color: c.ink, width, overflow: "truncate", interval: 0 }, splitLine: { show: false } }),
        visualMap: { min: 0, max: most, orient: "horizontal", left: "center", bottom: 0, itemWidth: 12, itemHeight: 120, text: [number(most, 2), "0"], textStyle: { color: c.soft }, inRange: { color: [c.panel === "#ffffff" ? "#f7f5f0" : "#2a3237", "#7fb6dc", "#0a5c96"] } },
        tooltip: tip(p => [names[p.value[1]] + ", task " + tasks[p.value[0]], number(p.value[2], 3)], c),
        series: [{ type: "heatmap", data: cells, progressive: 4000 }],
      };
    });
  }

  function calibration() {
    const list = (data.calibration || []).filter(m => m.bins && m.bins.length);
    const covered = (data.calibration || []).filter(m => m.coverage !== null);
    if (covered.length) {
      at("calibration-words").textContent = "Of the numbers held out, the share between the quantiles of .1 and .9 that were predicted, where .8 is right: " +
        covered.map(m => m.method + " " + number(m.coverage, 2)).join(", ") + ".";
    }
    if (!list.length) { if (at("calibration-chart")) at("calibration-chart").hidden = true; return; }
    draw("calibration-chart", c => ({
      color: palette, grid: { left: 48, right: 16, top: 40, bottom: 40 }, legend: { top: 0, textStyle: { color: c.ink }, type: "scroll" },
      xAxis: axis(c, { type: "value", min: 0, max: 1, name: "predicted", nameLocation: "middle", nameGap: 26 }),
      yAxis: axis(c, { type: "value", min: 0, max: 1, name: "came true", nameTextStyle: { color: c.soft, align: "left" } }),
      tooltip: tip(p => [p.seriesName, "predicted " + number(p.value[0], 2) + ", came true " + number(p.value[1], 2), p.value[2] + " rows"], c),
      series: list.map(m => ({ name: m.method, type: "line", data: m.bins.filter(b => b.rows >= 5).map(b => [b.predicted, b.observed, b.rows]),
        symbolSize: v => Math.max(5, Math.min(16, 3 + 2 * Math.log10(v[2] + 1))) })).concat([{ type: "line", silent: true, symbol: "none", data: [[0, 0], [1, 1]], lineStyle: { color: c.soft, type: "dashed", width: 1 }, tooltip: { show: false } }]),
    }));
  }

  function training() {
    const t = data.training;
    if (!t) return;
    draw("training-chart", c => ({
      color: palette, grid: { left: 56, right: 16, top: 40, bottom: 40 }, legend: { top: 0, textStyle: { color: c.ink } },
      xAxis: axis(c, { type: "value", name: "epoch", nameLocation: "middle", nameGap: 26, min: 1, minInterval: 1, max: t.train.length }), yAxis: axis(c, { type: "value", scale: true }),
      tooltip: tip(p => [p.seriesName, "epoch " + p.value[0] + ": " + number(p.value[1])], c),
      series: [{ name: "in training", type: "line", symbol: "none", symbolSize: 6, data: t.train.map((v, i) => [i + 1, v]) }]
        .concat(t.held ? [{ name: "held out", type: "line", symbol: "none", data: t.held.map((v, i) => [i + 1, v]), markLine: { silent: true, symbol: "none", label: { color: c.soft, formatter: "kept" }, lineStyle: { color: c.soft }, data: [{ xAxis: t.best }] } }] : []),
    }));
  }

  for (const part of [gains, curve, relations, shares, importance, calibration, training]) part();
  dark.addEventListener("change", () => charts.forEach(c => c.again()));
  let wait = 0;
  addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(() => charts.forEach(c => { c.chart.resize(); c.again(); }), still ? 0 : 120); });
  addEventListener("beforeprint", () => charts.forEach(c => c.chart.resize()));
  document.documentElement.dataset.ready = "yes";
})();
