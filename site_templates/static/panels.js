"use strict";

// The parts of the history that are seen: the controls above, and a panel of charts for each interpreter line.
{
  const { units, make } = asvJit;

  asvJit.HistoryControls = class {
    constructor(view, metrics, spans) {
      this.view = view;
      const option = ([value, name]) => make("option", { value }, name);
      const choice = (name, label, options, change) => {
        const select = make("select", { name }, ...options.map(option));
        select.addEventListener("change", () => change(select.value));
        this[name] = select;
        return make("label", {}, label, " ", select);
      };
      const button = (text, label, act) => {
        const made = make("button", { type: "button", "aria-label": label, title: label }, text);
        made.addEventListener("click", act);
        return made;
      };
      const named = (names) => names.map((name) => [name, name || "main branch"]);
      this.lines = make("fieldset", { class: "chips" }, make("legend", {}, "Lines"));
      this.element = make(
        "form",
        { class: "chart-controls", "aria-label": "What the charts show" },
        view.metrics.length > 1
          ? choice(
              "metric",
              "Show",
              view.metrics.map((name) => [name, metrics[name].name]),
              (metric) => view.set({ metric }),
            )
          : null,
        view.machines.length > 1
          ? choice("machine", "Machine", named(view.machines), (machine) =>
              view.set({ machine, branch: view.branchOn(machine, view.choice.branch), lines: [] }),
            )
          : null,
        view.branches.length > 1
          ? choice("branch", "Branch", named(view.branches), (branch) =>
              view.set({ branch, lines: [], from: -1, to: -1 }),
            )
          : null,
        choice(
          "span",
          "Range",
          [...Object.entries(spans).sort(([a], [b]) => (b === "all") - (a === "all")), ["own", "chosen"]],
          (name) => {
            if (name !== "own") view.span(name);
          },
        ),
        choice(
          "x",
          "Horizontal axis",
          [
            ["commit", "by commit"],
            ["date", "by date"],
          ],
          (x) => view.set({ x }),
        ),
        choice(
          "y",
          "Vertical axis",
          [
            ["fit", "fitted"],
            ["zero", "from zero"],
            ["log", "logarithmic"],
          ],
          (y) => view.set({ y }),
        ),
        make(
          "div",
          { class: "zoom", role: "group", "aria-label": "Zoom" },
          button("−", "Zoom out", () => view.scaleBy(2)),
          button("+", "Zoom in", () => view.scaleBy(0.5)),
          button("‹", "Earlier commits", () => view.scaleBy(1, -0.5)),
          button("›", "Later commits", () => view.scaleBy(1, 0.5)),
          (this.reset = button("All", "Show all commits", () => view.set({ from: -1, to: -1 }))),
        ),
        this.lines,
      );
      this.element.addEventListener("submit", (event) => event.preventDefault());
    }

    update() {
      const { view } = this;
      for (const name of ["metric", "machine", "branch", "x", "y"])
        if (this[name]) this[name].value = view.choice[name];
      const whole = view.choice.from < 0 && view.choice.to < 0;
      this.span.value = whole ? "all" : "own";
      this.span.lastElementChild.hidden = whole;
      this.reset.disabled = whole;
      const panels = view.available();
      const shown = view.shown().map((panel) => panel.number);
      const active = document.activeElement?.name === "line" ? document.activeElement.value : null;
      this.lines.hidden = panels.length < 2;
      this.lines.replaceChildren(
        make("legend", {}, "Lines"),
        ...panels.map((panel) => {
          const box = make("input", {
            type: "checkbox",
            name: "line",
            value: panel.number,
            checked: shown.includes(panel.number),
          });
          box.addEventListener("change", () => {
            const lines = panels.filter(({ number }) =>
              number === panel.number ? box.checked : shown.includes(number),
            );
            view.set({ lines: [...new Set(lines.map(({ schedule }) => schedule.line))] });
          });
          return make("label", {}, box, make("bdi", {}, panel.schedule.line));
        }),
      );
      if (active !== null) this.lines.querySelector(`[value="${CSS.escape(active)}"]`)?.focus();
    }
  };

  asvJit.HistoryPanel = class {
    constructor(view, panel, metric, last) {
      Object.assign(this, { view, panel, metric, last });
      const wanted = metric.main.filter(([name]) => panel.parts.some((part) => part.columns[name]));
      const gain = metric.gain && panel.parts.some((part) => part.columns[metric.gain]) ? [metric.gain] : [];
      this.names = [...wanted.map(([name]) => name), ...gain];
      this.kinds = [...wanted.map(([, kind]) => kind), ...gain.map(() => "gain")];
      this.points = asvJit.history.pointsOf(panel, this.names, (commit) => view.place(commit), view.file.interpreters);
      const unit =
        metric.unit ?? panel.parts.findLast((part) => wanted.some(([name]) => part.columns[name]))?.series.unit;
      this.forms = this.kinds.map((kind) => (kind === "gain" ? units.ratio : units.quantity(unit)));
      this.boxes = [make("div", { class: "plot" }), ...gain.map(() => make("div", { class: "plot" }))];
      this.tip = make("div", { class: "tip", hidden: true });
      this.text = make("p", { class: "hint panel-text" });
      this.legend = make(
        "ul",
        { class: "legend", "aria-label": "Legend" },
        ...wanted.map(([, kind]) =>
          make("li", {}, make("span", { class: `key ${kind}` }), asvJit.chart.looks[kind].name),
        ),
        gain.length ? make("li", {}, make("span", { class: "key gain" }), "speedup, off / on") : null,
        make(
          "li",
          {},
          make("span", { class: "key band" }),
          panel.parts.some((part) => part.columns.plain?.usual) ? "usual variation (95%)" : "interval",
        ),
        this.points.builds.length ? make("li", {}, make("span", { class: "key build" }), "new Python release") : null,
        this.points.changes.length
          ? make("li", {}, make("span", { class: "key series" }), "another benchmark version, machine or protocol")
          : null,
      );
      this.plots = make(
        "div",
        { class: "plots", tabindex: "0", role: "group", "aria-roledescription": "chart", "aria-label": this.label() },
        ...this.boxes,
        this.tip,
      );
      this.element = make(
        "section",
        { class: "panel" },
        make(
          "header",
          {},
          make(
            "h3",
            {},
            make("bdi", {}, panel.schedule.line),
            metric.unit === "instructions" ? ": instructions per call" : null,
          ),
          this.legend,
        ),
        this.plots,
        this.text,
      );
      this.plots.addEventListener("keydown", (event) => this.key(event));
      this.plots.addEventListener("mouseleave", () => {
        if (!this.pinned) this.hide();
      });
      this.plots.addEventListener("blur", () => {
        if (!this.pinned) this.hide();
      });
      this.events = view.data.events.filter(
        (event) =>
          event.axis === "commits" && event.place !== null && panel.parts.some((part) => part.number === event.series),
      );
    }

    label() {
      const keys =
        "Arrow keys move along the commits, plus and minus zoom, " + "Escape shows all, Enter keeps the details open.";
      return `${this.metric.name} over the commits on ${this.panel.schedule.line}. ${keys}`;
    }

    draw() {
      const { view, points, kinds, forms } = this;
      const tracks = kinds.map((kind, place) => ({ kind, ...points.columns[place] }));
      const main = tracks.filter((track) => track.kind !== "gain");
      const gain = tracks.filter((track) => track.kind === "gain");
      const on = {
        select: (from, to) => view.zoom(from, to),
        reset: () => view.set({ from: -1, to: -1 }),
        cursor: (chart, place) => this.follow(chart, place),
        drawn: (chart) => this.mark(chart),
      };
      const share = {
        x: points.x,
        range: view.range(),
        key: "history",
        on,
        uprights: { builds: points.builds.map((build) => build.x), changes: [...points.changes] },
        whole: view.choice.x === "commit",
        label: (split) => view.label(split),
      };
      share.uprights.changes.push(...this.events.map((event) => view.place(event.place)));
      const { heights } = asvJit.chart;
      this.charts = [];
      if (main.length) {
        this.charts.push(
          asvJit.chart(this.boxes[0], {
            ...share,
            tracks: main,
            form: forms[0],
            axis: !gain.length,
            marked: true,
            scale: view.choice.y,
            height: heights.main,
          }),
        );
      }
      if (gain.length) {
        const { equivalence } = view.data;
        this.charts.push(
          asvJit.chart(this.boxes[1], {
            ...share,
            tracks: gain,
            form: units.ratio,
            rule: 1,
            still: [1 / (1 + equivalence), 1 + equivalence],
            axis: true,
            scale: view.choice.y === "log" ? "log" : "fit",
            height: heights.gain,
          }),
        );
      }
      for (const { plot } of this.charts) {
        asvJit.chart.touch(plot, { move: (left) => this.point(plot, left), pinch: (from, to) => view.zoom(from, to) });
        plot.over.addEventListener("click", () => this.pin());
      }
      this.describe();
      return this.charts;
    }

    // Change points as links to what is said of them, above the line that marks them.
    mark(chart) {
      if (chart !== this.charts?.[0]?.plot && this.charts?.length) return;
      chart.over.querySelectorAll(".change-mark").forEach((old) => old.remove());
      const [from, to] = this.view.range();
      const seen = this.events
        .map((event) => [this.view.place(event.place), event])
        .filter(([x]) => x >= from && x <= to)
        .sort(([a], [b]) => a - b);
      const lefts = seen.map(([x]) => chart.valToPos(x, "x"));
      for (const [number, [, event]] of seen.entries()) {
        const tight = lefts[number] - lefts[number - 1] < 25 || lefts[number + 1] - lefts[number] < 25;
        const metric = event.changes[0] ? this.view.file.metrics[event.changes[0][0]].name : "level";
        const what =
          `${event.worse ? "Regression" : "Improvement"} at ${this.view.commits.at(event.place).short}: ` +
          `${metric}, ${event.state}`;
        const link = make(
          "a",
          {
            class: `change-mark ${event.worse ? "worse" : "better"}${tight ? " tight" : ""}`,
            href: `#event-${event.identity}`,
            title: what,
            "aria-label": what,
          },
          event.worse ? "▼" : "▲",
        );
        link.style.left = `${lefts[number]}px`;
        link.addEventListener("mousedown", (press) => press.stopPropagation());
        chart.over.append(link);
      }
    }

    follow(chart, place) {
      if (this.pinned) return;
      if (place === null || place === undefined || this.points.slot[place] === null) {
        this.hide();
        return;
      }
      this.show(place, chart);
    }

    show(place, chart) {
      this.at = place;
      const slot = this.points.slot[place];
      const commit = this.view.commits.at(this.panel.schedule.places[slot]);
      const figures = this.kinds.map((kind, track) => {
        const { value, low, high } = this.points.columns[track];
        const form = this.forms[track];
        return {
          kind,
          name: asvJit.chart.looks[kind].name,
          text: value[place] === null ? "no figure" : form(value[place]),
          between:
            `${kind === "plain" && low[place] !== null ? "usually " : ""}` +
            `${units.interval(low[place], high[place], form)}`,
        };
      });
      const build = this.view.file.interpreters[this.panel.schedule.interpreters[slot]];
      this.tip.replaceChildren(
        ...asvJit.chart.details(
          commit,
          this.view.commits.link(commit),
          figures,
          `Python ${build}`,
          this.behind(place, commit, build),
        ),
      );
      this.tip.hidden = false;
      const left = chart.valToPos(this.points.x[place], "x") + chart.over.offsetLeft;
      const wide = this.tip.offsetWidth;
      const room = this.plots.clientWidth;
      const beside = left + 14 + wide <= room ? left + 14 : left - 14 - wide;
      this.tip.style.left = `${Math.max(Math.min(beside, room - wide), 0)}px`;
    }

    // How many pairs (or trials of one mode) the figures are made from, and where those are: of current cells on this
    // page.
    behind(place, commit, build) {
      const { blocks, paired, protocol } = this.points.behind[place] ?? {};
      if (!blocks) return null;
      const { machine } = this.panel.schedule;
      const cell = this.view.data.cells.findIndex(
        (one) =>
          one.machine === machine &&
          one.interpreter === build &&
          one.commit === commit.hash &&
          one.protocol === protocol,
      );
      const trials = document.querySelector(`[data-trials="${cell}"]`)?.closest("details");
      return { text: units.count(blocks, paired ? "pair" : "trial"), href: trials ? `#${trials.id}` : null };
    }

    slotOf(commit) {
      return this.points.slot.findLastIndex((slot) => slot !== null && this.panel.schedule.places[slot] === commit);
    }

    has(commit) {
      return this.slotOf(commit) >= 0;
    }

    // Shows the details of a commit, and keeps them open. A chart knows its places only once it is drawn.
    open(commit) {
      requestAnimationFrame(() => {
        const place = this.slotOf(commit);
        const { plot } = this.charts[0];
        this.point(plot, plot.valToPos(this.points.x[place], "x"));
        this.show(place, plot);
        this.pin();
      });
    }

    hide() {
      this.tip.hidden = true;
    }

    point(plot, left) {
      plot.setCursor({ left, top: plot.over.clientHeight / 2 });
    }

    pin() {
      if (this.tip.hidden) return;
      this.pinned = !this.pinned;
      this.tip.classList.toggle("pinned", this.pinned);
    }

    move(place) {
      const { x, slot } = this.points;
      const [from, to] = this.view.range();
      const known = x.map((_, at) => at).filter((at) => slot[at] !== null && x[at] >= from && x[at] <= to);
      if (!known.length) return;
      const now = known.indexOf(this.at);
      const next = known[Math.min(Math.max(place(now, known.length), 0), known.length - 1)];
      this.pinned = false;
      this.tip.classList.remove("pinned");
      const { plot } = this.charts[0];
      this.point(plot, plot.valToPos(x[next], "x"));
      this.show(next, plot);
      this.view.said.textContent = this.tip.innerText;
    }

    key(event) {
      if (event.target !== this.plots || event.ctrlKey || event.metaKey || event.altKey) return;
      const acts = {
        ArrowLeft: () => this.move((now, count) => (now < 0 ? count - 1 : now - 1)),
        ArrowRight: () => this.move((now) => now + 1),
        Home: () => this.move(() => 0),
        End: () => this.move((_, count) => count - 1),
        "+": () => this.view.scaleBy(0.5),
        "=": () => this.view.scaleBy(0.5),
        "-": () => this.view.scaleBy(2),
        Enter: () => this.pin(),
        Escape: () => {
          if (this.pinned) {
            this.pin();
            this.hide();
          } else this.view.set({ from: -1, to: -1 });
        },
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    }

    // The chart in a sentence: where it begins and ends, and what changed between.
    describe() {
      const [from, to] = this.view.range();
      const { x, slot, columns } = this.points;
      const seen = x.map((_, at) => at).filter((at) => slot[at] !== null && x[at] >= from && x[at] <= to);
      const ends = this.kinds
        .map((kind, track) => {
          const known = seen.filter((at) => columns[track].value[at] !== null);
          if (!known.length) return null;
          const [first, last] = [known[0], known.at(-1)].map((at) => this.forms[track](columns[track].value[at]));
          return (
            `${asvJit.chart.looks[kind].name} ` +
            `${first === last ? `${first} throughout` : `from ${first} to ${last}`}`
          );
        })
        .filter(Boolean);
      const changes = this.events.filter((event) => {
        const at = this.view.place(event.place);
        return at >= from && at <= to;
      }).length;
      this.text.textContent = seen.length
        ? `${units.count(seen.length, "point")}: ${ends.join(", ")}; ` +
          `${changes || "no"} ${changes === 1 ? "change" : "changes"} of level.`
        : "No commit in this range was measured here.";
      this.plots.setAttribute("aria-label", `${this.text.textContent} ${this.label()}`);
    }
  };
}
