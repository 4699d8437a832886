"use strict";

// Warm-up curves: time per call against running time, both logarithmic; every trial faint, the median of a mode strong.
{
  const { units } = asvJit;
  const EM = asvJit.chart.em;
  const HEIGHT = Math.round(280 * EM);
  const MODES = ["off", "on"];
  const DASHES = { off: [7, 4], on: [] };

  const median = (values) => {
    const known = values.filter((value) => value !== null).sort((a, b) => a - b);
    const middle = known.length >> 1;
    return known.length === 0 ? null : known.length % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2;
  };

  // Each trial as points (running time at the end of a bin, mean time per call in it), and the median of its mode.
  function curvesOf(trials, mode) {
    const found = [];
    trials.curves.forEach((calls, number) => {
      if (calls === null || trials.mode[number] !== mode || trials.outcome[number] !== "ok") return;
      let elapsed = 0;
      const at = calls.map(
        (seconds, bin) =>
          (elapsed += seconds * trials.inner_loops[number] * (trials.bins[bin] - (trials.bins[bin - 1] ?? 0))),
      );
      found.push({ at, calls, disturbed: trials.disturbed[number] });
    });
    const bins = trials.bins.map((_, bin) => bin);
    return {
      trials: found,
      at: bins.map((bin) => median(found.map((one) => one.at[bin]))),
      calls: bins.map((bin) => median(found.map((one) => one.calls[bin]))),
    };
  }

  function drawTrials(u, curves) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = devicePixelRatio;
    for (const mode of MODES) {
      ctx.setLineDash(DASHES[mode].map((length) => length * devicePixelRatio * 0.6));
      ctx.strokeStyle = asvJit.chart.faded(`--${mode}`, 24);
      for (const { at, calls } of curves[mode].trials) {
        ctx.beginPath();
        at.forEach((x, place) =>
          ctx[place ? "lineTo" : "moveTo"](u.valToPos(x, "x", true), u.valToPos(calls[place], "y", true)),
        );
        ctx.stroke();
      }
    }
    ctx.restore();
  }

  function drawMark(u, x, name, ink, dash, row) {
    const { ctx, bbox } = u;
    const at = u.valToPos(x, "x", true);
    if (!(at > bbox.left && at < bbox.left + bbox.width)) return;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = asvJit.chart.colour(ink);
    ctx.lineWidth = 1.4 * devicePixelRatio;
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${11 * EM * devicePixelRatio}px system-ui, sans-serif`;
    const after = at < bbox.left + bbox.width * 0.6;
    ctx.textAlign = after ? "left" : "right";
    ctx.fillText(name, at + (after ? 5 : -5) * devicePixelRatio, bbox.top + (14 + 15 * row) * devicePixelRatio);
    ctx.restore();
  }

  // uPlot draws over one ascending axis: the medians of both modes are laid over the union of their places.
  function merged(curves) {
    const x = [...new Set(MODES.flatMap((mode) => curves[mode].at.filter((at) => at > 0)))].sort((a, b) => a - b);
    return [
      x,
      ...MODES.map((mode) => {
        const known = new Map(curves[mode].at.map((at, bin) => [at, curves[mode].calls[bin]]));
        return x.map((at) => known.get(at) ?? undefined);
      }),
    ];
  }

  asvJit.warmUp = function warmUp(box, cell) {
    const curves = Object.fromEntries(MODES.map((mode) => [mode, curvesOf(cell.trials, mode)]));
    const data = merged(curves);
    if (data[0].length < 2) return null;
    const seconds = data
      .slice(1)
      .flat()
      .filter((value) => value > 0);
    const every = MODES.flatMap((mode) => curves[mode].trials.flatMap((one) => one.calls)).filter((value) => value > 0);
    const [low, high] = [Math.min(...every, ...seconds), Math.max(...every, ...seconds)];
    const [first, last] = [data[0][0], data[0].at(-1)];
    const ink = () => asvJit.chart.colour("--soft");
    const grid = { stroke: () => asvJit.chart.colour("--line"), width: 1 };
    const axis = {
      filter: (_, splits) => splits,
      stroke: ink,
      grid,
      ticks: { ...grid, size: 4 },
      font: `${11 * EM}px system-ui, sans-serif`,
    };
    const values = (_, splits) => splits.map((split) => (split === null ? "" : units.seconds(split)));
    // On a short range the powers of ten are too few to read a value from.
    const fine = (most) => (_, __, min, max) => {
      const found = [];
      const steps =
        max / min > 300
          ? [1]
          : max / min > 20
            ? [1, 2, 5]
            : max / min > 2
              ? [1, 1.5, 2, 3, 4, 5, 7]
              : [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9];
      for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1) {
        for (const step of steps) {
          const value = Number(`${step}e${power}`);
          if (value >= min && value <= max) found.push(value);
        }
      }
      const every = Math.ceil(found.length / most);
      return found.filter((__, place) => place % every === 0);
    };
    const u = new uPlot(
      {
        width: Math.max(box.clientWidth, 200),
        height: HEIGHT,
        legend: { show: false },
        padding: [8, 14, 0, 0],
        scales: {
          x: { time: false, distr: 3, range: [first / 1.15, last * 1.15] },
          y: { distr: 3, range: [low / 1.05, high * 1.05] },
        },
        series: [
          {},
          ...MODES.map((mode) => ({
            label: `JIT ${mode}`,
            stroke: () => asvJit.chart.colour(`--${mode}`),
            width: 2.4,
            dash: DASHES[mode],
            spanGaps: true,
            points: { show: false },
          })),
        ],
        axes: [
          {
            ...axis,
            values,
            splits: fine(box.clientWidth < 420 ? 4 : 7),
            label: "running time of the process’s benchmark",
            labelSize: 18 * EM,
            labelFont: axis.font,
            size: 32 * EM,
          },
          { ...axis, values, splits: fine(7), size: 74 * EM },
        ],
        cursor: { drag: { x: false, y: false }, points: { size: 8 } },
        hooks: {
          drawAxes: [(self) => drawTrials(self, curves)],
          draw: [
            (self) => {
              MODES.forEach((mode, row) => {
                if (cell.steady_from[row] > 0)
                  drawMark(self, cell.steady_from[row], `steady, ${mode}`, `--${mode}`, [2, 3], row);
              });
              if (cell.break_even_s > 0) drawMark(self, cell.break_even_s, "break-even", "--good", [6, 3], 2);
            },
          ],
        },
      },
      data,
      box,
    );
    return {
      resize() {
        if (box.clientWidth > 0 && box.clientWidth !== u.width) u.setSize({ width: box.clientWidth, height: HEIGHT });
      },
      redraw() {
        u.redraw(false, true);
      },
    };
  };

  asvJit.warmUp.height = HEIGHT;
}
