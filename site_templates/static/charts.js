"use strict";

// Charts of series over commits, drawn by uPlot: lines with their intervals, the speedup below on the same axis.
// A chart knows nothing of the page: it is given points and says what the reader chose.
{
  const { make } = asvJit;
  // charts grow with the page's letters
  const EM = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const ROW_HEIGHT = { main: Math.round(270 * EM), gain: Math.round(130 * EM) };
  const MOST_MARKERS = 160;
  const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faded = (name, percent) => `color-mix(in srgb, ${colour(name)} ${percent}%, transparent)`;

  // The look of a track: never by colour alone, but by dash and marker as well.
  const LOOKS = {
    off: { name: "JIT off", ink: "--off", dash: [7, 4], marker: "square" },
    on: { name: "JIT on", ink: "--on", dash: [], marker: "circle" },
    gain: { name: "speedup", ink: "--accent", dash: [], marker: "circle" },
    plain: { name: "asv’s result", ink: "--accent", dash: [], marker: "circle" },
  };

  function markers(look) {
    return (u, series, first, last) => {
      const path = new Path2D();
      const size = (look.marker === "square" ? 2.6 : 2.9) * devicePixelRatio;
      for (let place = first; place <= last; place += 1) {
        const value = u.data[series][place];
        if (value === null || value === undefined) continue;
        const [x, y] = [u.valToPos(u.data[0][place], "x", true), u.valToPos(value, "y", true)];
        if (look.marker === "square") path.rect(x - size, y - size, 2 * size, 2 * size);
        else {
          path.moveTo(x + size, y);
          path.arc(x, y, size, 0, 2 * Math.PI);
        }
      }
      return { fill: path, stroke: path, clip: null, flags: 3 };
    };
  }

  // One line with its interval as three series of uPlot: the bounds are not drawn, only the band between them.
  function seriesOf(track) {
    const look = LOOKS[track.kind];
    const bound = { show: true, stroke: "#0000", width: 0, points: { show: false } };
    return [
      bound,
      { ...bound },
      {
        label: look.name,
        stroke: () => colour(look.ink),
        width: 2,
        dash: look.dash,
        points: {
          show: (u, series, first, last) => last - first < MOST_MARKERS,
          fill: () => colour(look.ink),
          stroke: () => colour("--surface"),
          width: 1,
          size: 6,
          paths: markers(look),
        },
      },
    ];
  }

  const bandsOf = (tracks) =>
    tracks.map((track, place) => ({
      series: [3 * place + 2, 3 * place + 1],
      fill: () => faded(LOOKS[track.kind].ink, 20),
    }));

  function drawRule(u, y, style, dash) {
    const at = u.valToPos(y, "y", true);
    const { left, top, width, height } = u.bbox;
    if (at < top || at > top + height) return;
    u.ctx.save();
    u.ctx.strokeStyle = style;
    u.ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    u.ctx.lineWidth = 1.2 * devicePixelRatio;
    u.ctx.beginPath();
    u.ctx.moveTo(left, at);
    u.ctx.lineTo(left + width, at);
    u.ctx.stroke();
    u.ctx.restore();
  }

  function drawUprights(u, places, style, dash, width) {
    const { left, top, width: across, height } = u.bbox;
    u.ctx.save();
    u.ctx.strokeStyle = style;
    u.ctx.lineWidth = width * devicePixelRatio;
    u.ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    for (const place of places) {
      const x = u.valToPos(place, "x", true);
      if (x < left || x > left + across) continue;
      u.ctx.beginPath();
      u.ctx.moveTo(x, top);
      u.ctx.lineTo(x, top + height);
      u.ctx.stroke();
    }
    u.ctx.restore();
  }

  // The name of each line at its last visible point, in its colour.
  function drawNames(u, tracks) {
    const used = [];
    u.ctx.save();
    u.ctx.font = `600 ${11 * EM * devicePixelRatio}px system-ui, sans-serif`;
    u.ctx.textAlign = "left";
    for (const [place, track] of tracks.entries()) {
      const column = u.data[3 * place + 3];
      let last = u.series[0].idxs[1];
      while (last >= 0 && (column[last] === null || column[last] === undefined)) last -= 1;
      if (last < 0) continue;
      let y = u.valToPos(column[last], "y", true) + 4 * devicePixelRatio;
      while (used.some((other) => Math.abs(other - y) < 13 * devicePixelRatio)) y += 14 * devicePixelRatio;
      used.push(y);
      u.ctx.fillStyle = colour(LOOKS[track.kind].ink);
      u.ctx.fillText(LOOKS[track.kind].name.replace("JIT ", ""), u.bbox.left + u.bbox.width + 6 * devicePixelRatio, y);
    }
    u.ctx.restore();
  }

  // A range that holds all lines, their intervals unless they are absurdly wide, and what must be in sight.
  function reach(tracks, wanted, from, to, scale) {
    const seen = [];
    for (const { x, value } of tracks)
      value.forEach((one, place) => {
        if (one !== null && x[place] >= from && x[place] <= to) seen.push(one);
      });
    if (!seen.length) return [0, 1];
    let [low, high] = [Math.min(...seen), Math.max(...seen)];
    const room = Math.max((high - low) * 0.5, Math.abs(high) * 0.02);
    for (const { x, low: lows, high: highs } of tracks) {
      x.forEach((at, place) => {
        if (at < from || at > to) return;
        if (lows[place] !== null && lows[place] > low - room) low = Math.min(low, lows[place]);
        if (highs[place] !== null && highs[place] < high + room) high = Math.max(high, highs[place]);
      });
    }
    for (const value of wanted) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (scale === "log" && low > 0) return [low / 1.06, high * 1.06];
    const margin = Math.max((high - low) * 0.08, Math.abs(high) * 0.004) || 1;
    if (scale === "zero") return [Math.min(0, low), high + margin];
    return [low - margin, high + margin];
  }

  /*
   * One chart. `x`: ascending places; `tracks`: {kind, value, low, high} over them; `form`: a value as text;
   * `rule`: a level to mark, with `still` around it; `uprights`: places where the build or the benchmark changed;
   * `range`: [from, to]; `label`: of a place on the axis, which are `whole` numbers or not; `marked`: whether marks
      stand above it; `key`: charts of one key share their cursor;
   * `on`: {select(from, to), reset(), cursor(chart, place), drawn(chart)}.
   */
  asvJit.chart = function chart(
    box,
    { x, tracks, form, rule, still, uprights, range, label, whole, axis, marked, scale, height, key, on },
  ) {
    const placed = tracks.map((track) => ({ ...track, x }));
    const data = [x, ...tracks.flatMap((track) => [track.low, track.high, track.value])];
    const wanted = rule === undefined ? [] : [rule];
    let shown = range;
    const ink = () => colour("--soft");
    const grid = { stroke: () => colour("--line"), width: 1 };
    const font = `${11 * EM}px system-ui, sans-serif`;
    const u = new uPlot(
      {
        width: Math.max(box.clientWidth, 200),
        height,
        legend: { show: false },
        padding: [marked ? 28 : 10, 36 * EM, 0, 0],
        scales: {
          x: { time: false, range: () => shown },
          y: { distr: scale === "log" ? 3 : 1, range: () => reach(placed, wanted, ...shown, scale) },
        },
        series: [{}, ...tracks.flatMap(seriesOf)],
        bands: bandsOf(tracks),
        axes: [
          {
            show: true,
            stroke: ink,
            grid,
            ticks: { ...grid, size: 4 },
            font,
            space: 92 * EM,
            ...(whole ? { incrs: WHOLE } : {}),
            size: axis ? 30 * EM : 8,
            values: (_, splits) => splits.map((split) => (axis ? label(split) : "")),
          },
          {
            stroke: ink,
            grid,
            ticks: { ...grid, size: 4 },
            font,
            space: 34 * EM,
            size: 74 * EM,
            values: (_, splits) => splits.map((split) => (split === null ? "" : form(split))),
          },
        ],
        cursor: {
          drag: { x: true, y: false, setScale: false, dist: 6 },
          sync: { key, scales: ["x", null], setSeries: false },
          points: {
            size: 9,
            width: 2,
            stroke: () => colour("--surface"),
            fill: (_, series) =>
              series % 3 === 0 && series > 0 ? colour(LOOKS[tracks[series / 3 - 1].kind].ink) : "#0000",
          },
          bind: {
            dblclick: () => () => {
              on.reset();
              return null;
            },
          },
        },
        hooks: {
          drawClear: [
            (self) => {
              if (still) {
                const [top, bottom] = still.map((level) => self.valToPos(level, "y", true));
                self.ctx.fillStyle = faded("--soft", 14);
                self.ctx.save();
                self.ctx.beginPath();
                self.ctx.rect(self.bbox.left, self.bbox.top, self.bbox.width, self.bbox.height);
                self.ctx.clip();
                self.ctx.fillRect(self.bbox.left, bottom, self.bbox.width, top - bottom);
                self.ctx.restore();
              }
            },
          ],
          draw: [
            (self) => {
              if (rule !== undefined) drawRule(self, rule, ink(), [4, 4]);
              drawUprights(self, uprights.builds, faded("--soft", 70), [1, 3], 1.4);
              drawUprights(self, uprights.changes, faded("--text", 65), [5, 4], 1.2);
              if (tracks.length > 1) drawNames(self, tracks);
              on.drawn(self);
            },
          ],
          setCursor: [(self) => on.cursor(self, self.cursor.idx)],
          setSelect: [
            (self) => {
              if (self.select.width < 6) return;
              const [from, to] = [self.select.left, self.select.left + self.select.width].map((left) =>
                self.posToVal(left, "x"),
              );
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              on.select(from, to);
            },
          ],
        },
      },
      data,
      box,
    );
    u.over.dataset.over = "";
    return {
      plot: u,
      show(next) {
        shown = next;
        u.setScale("x", { min: next[0], max: next[1] });
      },
      resize() {
        if (box.clientWidth > 0 && box.clientWidth !== u.width) u.setSize({ width: box.clientWidth, height });
      },
      redraw() {
        u.redraw(false, true);
      },
      destroy() {
        u.destroy();
      },
    };
  };

  asvJit.chart.heights = ROW_HEIGHT;
  asvJit.chart.em = EM;
  asvJit.chart.looks = LOOKS;
  asvJit.chart.colour = colour;
  asvJit.chart.faded = faded;

  // A finger: one moves the cursor, two zoom. uPlot itself knows only the mouse.
  asvJit.chart.touch = function touch(u, { move, pinch }) {
    const fingers = new Map();
    let span = null;
    const left = (event) => event.clientX - u.over.getBoundingClientRect().left;
    u.over.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") {
        fingers.set(event.pointerId, left(event));
        move(left(event));
      }
    });
    u.over.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch" || !fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, left(event));
      if (fingers.size === 1) {
        move(left(event));
        return;
      }
      const [a, b] = [...fingers.values()].sort((one, two) => one - two);
      if (span === null) span = { values: [u.posToVal(a, "x"), u.posToVal(b, "x")] };
      if (b - a > 24) {
        const scale = (span.values[1] - span.values[0]) / (b - a);
        const from = span.values[0] - a * scale;
        pinch(from, from + u.over.clientWidth * scale);
      }
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      u.over.addEventListener(kind, (event) => {
        fingers.delete(event.pointerId);
        if (fingers.size < 2) span = null;
      });
    }
  };

  // What stands at one point, for the box beside the cursor and for readers of the screen.
  asvJit.chart.details = function details(commit, link, figures, extra, behind) {
    const head = link
      ? make("a", { href: link, rel: "noreferrer" }, make("code", {}, commit.short))
      : make("code", {}, commit.short);
    return [
      make(
        "p",
        { class: "tip-head" },
        head,
        ` ${commit.day}`,
        commit.author ? ` · ` : "",
        make("bdi", {}, commit.author),
      ),
      commit.subject ? make("p", { class: "tip-subject" }, make("bdi", {}, commit.subject)) : null,
      make(
        "dl",
        {},
        ...figures.map(({ kind, name, text, between }) =>
          make(
            "div",
            {},
            make("dt", {}, make("span", { class: `key ${kind}` }), name),
            make("dd", {}, make("strong", {}, text), between ? make("span", {}, ` ${between}`) : null),
          ),
        ),
      ),
      extra
        ? make(
            "p",
            { class: "tip-note" },
            make("bdi", {}, extra),
            behind ? " · " : "",
            behind ? make(behind.href ? "a" : "span", { href: behind.href }, behind.text) : "",
          )
        : null,
    ].filter(Boolean);
  };
}
