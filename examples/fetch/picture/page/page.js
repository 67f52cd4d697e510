/*
 * Draws the waterfall from the JSON in the page, and the window of time that it shows into the
 * overview. Of thousands of rows only those are drawn that can be seen.
 *
 * run: { end, phases: [name], shapes: [[top, height]], files: [row], connections: [row] }
 * row: [name, failed, [track], owners]; track: [phase, from, to, phase, from, to, …]; owners, only of
 * connections: [since, file, since, file, …]. Times are in milliseconds.
 */
"use strict";
(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const TRACK = 18, LABEL = 15, END = 10, GAP = 0.7;
  const whole = Math.max(run.end, 0.01);
  // What is shown, and of which stretch of time. `chosen` is the place of a row among all.
  const state = { view: "files", order: "start", find: "", failed: false, from: 0, to: whole, chosen: -1 };
  let shown = [];

  // The elements, made once.
  const section = d3.select("#waterfall").attr("hidden", null);
  const tools = section.append("div").attr("class", "tools");
  const choice = (label, name, options) => {
    const select = tools.append("label").text(label + " ").append("select").attr("id", name);
    select.selectAll("option").data(options).join("option").attr("value", d => d[0]).text(d => d[1]);
    select.on("change", event => { state[name] = event.target.value; state.chosen = -1; arrange(); });
  };
  choice("rows", "view", [["files", "files"], ["connections", "connections"]]);
  choice("order", "order", [["start", "by start"], ["list", "as listed"], ["long", "longest first"]]);
  tools.append("label").text("find ").append("input").attr("type", "search").attr("id", "find")
    .on("input", event => { state.find = event.target.value.toLowerCase(); arrange(); });
  const failed = tools.append("label");
  failed.append("input").attr("type", "checkbox").attr("id", "failed")
    .on("change", event => { state.failed = event.target.checked; arrange(); });
  failed.append("span").text("only what failed");
  const button = (text, label, act) => tools.append("button").attr("type", "button")
    .attr("aria-label", label).attr("title", label).text(text).on("click", act);
  button("−", "zoom out", () => zoom(2));
  button("+", "zoom in", () => zoom(0.5));
  button("fit", "fit: show the time of the rows that are seen", () => fit());
  button("all", "all: show the whole run", () => look(0, whole));
  const count = tools.append("span").attr("class", "dim").attr("role", "status");
  const axis = section.append("svg").attr("class", "axis").attr("aria-hidden", "true").append("g").attr("transform", "translate(0 23)");
  const rows = section.append("div").attr("class", "rows").attr("tabindex", 0).attr("role", "application")
    .attr("aria-label", "Waterfall. Up and down choose a row, left and right move in time, plus and minus zoom, f fits the time to the rows, zero shows all. The tables below have the same facts.");
  const tall = rows.append("div");
  const svg = tall.append("svg").attr("aria-hidden", "true");
  const detail = section.append("div").attr("class", "detail").attr("aria-live", "polite");
  const overview = d3.select("#overview");
  const glass = overview.append("div").attr("class", "window");

  // Which rows, in which order, and where each of them begins.
  const span = row => {
    let from = Infinity, to = 0;
    for (const track of row[2]) {
      // A file starts when its queueing is over.
      for (let i = 0; i < track.length; i += 3) {
        if (run.phases[track[i]] !== "queued") from = Math.min(from, track[i + 1]);
        to = Math.max(to, track[i + 2]);
      }
    }
    return { from, to };
  };
  function arrange() {
    shown = run[state.view].map((row, place) => ({ row, place, ...span(row) }));
    shown = shown.filter(d => d.row[0].toLowerCase().includes(state.find) && (!state.failed || d.row[1]));
    if (state.order === "start") shown.sort((a, b) => a.from - b.from || a.place - b.place);
    if (state.order === "long") shown.sort((a, b) => (b.to - b.from || 0) - (a.to - a.from || 0));
    const all = run[state.view].length;
    count.text(`${shown.length.toLocaleString("en")} of ${all.toLocaleString("en")}`);
    if (!shown.some(d => d.place === state.chosen)) choose(-1);
    rows.node().scrollTop = 0;
    draw();
  }

  // The stretch of time that is shown.
  function look(from, to) {
    const wide = Math.min(Math.max(to - from, whole / 1e5), whole);
    state.from = Math.min(Math.max(from, 0), whole - wide);
    state.to = state.from + wide;
    draw();
  }
  function zoom(factor, at = (state.from + state.to) / 2) {
    look(at - (at - state.from) * factor, at + (state.to - at) * factor);
  }
  // When the rows that are seen ran: of thousands, that is a moment of the whole.
  function fit() {
    const box = rows.node(), seen = shown.slice(first(box.scrollTop), first(box.scrollTop + box.clientHeight) + 1);
    const from = Math.min(...seen.map(d => d.from)), to = Math.max(...seen.map(d => d.to));
    if (to > from) look(from - (to - from) * 0.02, to + (to - from) * 0.02);
  }
  const pan = part => look(state.from + part * (state.to - state.from), state.to + part * (state.to - state.from));

  // Many names begin alike, and many end alike: a long one loses its middle.
  const cut = (name, letters) => name.length <= letters ? name
    : name.slice(0, Math.ceil(letters / 2) - 1) + "…" + name.slice(-Math.floor(letters / 2));
  const time = ms => ms < 999.5 ? `${+ms.toPrecision(3)} ms` : `${+(ms / 1000).toPrecision(4)} s`;

  function draw() {
    const wide = rows.node().clientWidth, narrow = wide < 640;
    const left = narrow ? 2 : Math.min(260, wide * 0.26);
    let y = 0;
    for (const d of shown) {
      d.y = y;
      d.high = d.row[2].length * TRACK + (narrow ? LABEL : 0);
      y += d.high;
    }
    const scale = d3.scaleLinear([state.from, state.to], [left, wide - END]);
    axis.call(d3.axisTop(scale).ticks(Math.max(2, wide / 110)).tickSizeOuter(0).tickFormat(time));
    // A label that the edge would cut is turned inwards, or left out.
    axis.selectAll("text").attr("text-anchor", t => scale(t) < 24 ? "start" : "middle")
      .attr("display", t => scale(t) > wide - 24 ? "none" : null);
    tall.style("height", `${y}px`);
    const box = rows.node(), top = box.scrollTop, high = Math.min(y, box.clientHeight);
    svg.attr("height", high).attr("viewBox", `0 0 ${wide} ${high}`).attr("preserveAspectRatio", "none");
    const visible = shown.slice(first(top), first(top + high) + 1);
    svg.selectAll("g").data(visible, d => d.place).join(enter => {
      const row = enter.append("g");
      row.append("rect").attr("class", "under");
      row.append("text");
      return row.on("click", (_, d) => choose(d.place));
    }).attr("transform", d => `translate(0 ${d.y - top})`).attr("class", d => d.place === state.chosen ? "chosen" : null)
      .each(function (d) { drawRow(d3.select(this), d, scale, left, wide, narrow); });
    svg.selectAll("line").data(scale.ticks(Math.max(2, wide / 110))).join(enter => enter.insert("line", ":first-child"))
      .attr("x1", scale).attr("x2", scale).attr("y2", high);
    const part = moment => `${100 * moment / whole}%`;
    glass.style("left", part(state.from)).style("right", part(whole - state.to))
      .style("display", state.to - state.from < whole ? null : "none");
  }

  // The first row that reaches below `y`.
  function first(y) {
    let low = 0, high = shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shown[middle].y + shown[middle].high <= y) low = middle + 1; else high = middle;
    }
    return low;
  }

  function drawRow(row, d, scale, left, wide, narrow) {
    const [name, bad, tracks, owners = []] = d.row;
    const letters = Math.floor((narrow ? wide : left) / 7) - 1;
    row.select("rect.under").attr("width", wide).attr("height", d.high);
    row.select("text").attr("x", 2).attr("y", 13).attr("class", bad ? "bad" : null)
      .text(cut((bad ? "✕ " : "") + name, letters));
    const spans = [];
    tracks.forEach((track, n) => {
      for (let i = 0; i < track.length; i += 3) {
        if (track[i + 2] >= state.from && track[i + 1] <= state.to) spans.push([track[i], track[i + 1], track[i + 2], n]);
      }
    });
    const x = moment => Math.min(Math.max(scale(moment), left), wide - END);
    const y = (phase, track) => (narrow ? LABEL : 0) + (track + run.shapes[phase][0]) * TRACK;
    // For whom a connection worked at a moment.
    const owner = moment => {
      let of = "";
      for (let i = 0; i < owners.length && owners[i] <= moment; i += 2) of = ` ${run.files[owners[i + 1]][0]},`;
      return of;
    };
    row.selectAll("rect.span").data(spans).join(enter => {
      const rect = enter.append("rect");
      rect.append("title");
      return rect;
    }).attr("class", s => `span ${run.phases[s[0]]}`).attr("x", s => x(s[1])).attr("y", s => y(s[0], s[3]))
      .attr("width", s => Math.max(x(s[2]) - x(s[1]) - GAP, 0.8)).attr("height", s => run.shapes[s[0]][1] * TRACK)
      .select("title").text(s => `${run.phases[s[0]]}:${owner(s[1])} ${time(s[2] - s[1])}, from ${time(s[1])} to ${time(s[2])}`);
  }

  // The facts of one row, as the table has them.
  function choose(place) {
    state.chosen = place;
    detail.selectAll("*").remove();
    const table = document.querySelector(`#${state.view} table`);
    const cells = table.tBodies[0].rows[place]?.cells;
    if (!cells) {
      const help = detail.append("p").attr("class", "dim");
      help.text("Choose a row for its facts. Keys: ");
      [["↑", "↓", "rows"], ["←", "→", "move in time"], ["+", "−", "zoom"], ["f", "fit to the rows"], ["0", "the whole run"]].forEach((keys, n, all) => {
        keys.slice(0, -1).forEach(key => { help.append("kbd").text(key); help.append("span").text(" "); });
        help.append("span").text(keys.at(-1) + (n + 1 < all.length ? ", " : "; or drag over the drawings above."));
      });
    } else {
      const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
      const facts = [...cells].map((cell, n) => [heads[n], cell.textContent]);
      detail.append("strong").text(`${facts[0][1]}. ${facts[1][1]}`);
      // What took no time is not worth a word.
      const said = facts.slice(2).filter(fact => fact[1] !== "" && fact[1] !== "0.000");
      const pair = detail.append("dl").selectAll("div").data(said).join("div");
      pair.append("dt").text(d => d[0]);
      pair.append("dd").text(d => d[1]);
    }
    svg.selectAll("g").attr("class", d => d.place === state.chosen ? "chosen" : null);
  }
  function step(by) {
    const now = shown.findIndex(d => d.place === state.chosen);
    go(now >= 0 ? now + by : by > 0 ? 0 : shown.length - 1);
  }
  function go(index) {
    const d = shown[Math.min(Math.max(index, 0), shown.length - 1)];
    if (!d) return;
    choose(d.place);
    const box = rows.node();
    if (d.y < box.scrollTop) box.scrollTop = d.y;
    if (d.y + d.high > box.scrollTop + box.clientHeight) box.scrollTop = d.y + d.high - box.clientHeight;
    draw();
  }

  const keys = {
    ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => step(10), PageUp: () => step(-10),
    Home: () => go(0), End: () => go(shown.length - 1),
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": () => look(0, whole), f: fit,
    Escape: () => { choose(-1); },
  };
  rows.on("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }).on("scroll", () => requestAnimationFrame(draw));
  rows.node().addEventListener("wheel", event => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = rows.node().getBoundingClientRect(), wide = box.width, left = wide < 640 ? 2 : Math.min(260, wide * 0.26);
    const part = (event.clientX - box.left - left) / (wide - left - END);
    zoom(event.deltaY < 0 ? 0.8 : 1.25, state.from + part * (state.to - state.from));
  }, { passive: false });

  // Dragging over the overview looks at what was dragged over; a click looks at all.
  let drag = null;
  const moment = event => {
    const box = overview.node().getBoundingClientRect();
    return whole * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  overview.on("pointerdown", event => { drag = moment(event); overview.node().setPointerCapture(event.pointerId); })
    .on("pointermove", event => {
      const now = moment(event);
      if (drag !== null && Math.abs(now - drag) > whole / 200) look(Math.min(now, drag), Math.max(now, drag));
    })
    .on("pointerup pointercancel", event => {
      if (drag !== null && Math.abs(moment(event) - drag) <= whole / 200) look(0, whole);
      drag = null;
    });

  choose(-1);
  arrange();
  new ResizeObserver(draw).observe(rows.node());
})();
