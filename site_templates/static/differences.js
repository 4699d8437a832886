"use strict";

// How figures of two commits or releases differ, from the data files; `folder` leads to these.
//
// A figure is a sample of what a new measurement would give; its interval says how much it varies:
//
//     threshold = sqrt(ha² + hb²), in logarithms of the ratio
//     significance = |ln(after / before)| / threshold
//
// with ha and hb the half-widths of the two intervals. The ratio's interval is ratio · exp(± threshold); the verdict is
// that of `analysis/verdict.py`. Between two commits the threshold is at least z · √2 · noise: z is the normal quantile
// of the intervals' level, and 95% of the differences from one commit to the next stay within 1.96 · √2 · noise.
// Intervals of asv's own results come from within one process and say nothing about the next: only the noise counts.
asvJit.differences = function differences(commits, suite, folder) {
  const { slices, units, load, decode } = asvJit;

  // ---- What the sides say ----

  function halfWidth({ value, low, high }) {
    if (!(low > 0 && low <= value && value <= high && high < Infinity)) return NaN;
    return Math.max(Math.log(high / value), Math.log(value / low));
  }

  // As `decide` in `verdict.py`: `gain` is a logarithm, `narrow` the half-width of its interval at 90%.
  function verdict(gain, threshold, narrow) {
    if (suite.equivalence > 0 && Math.abs(gain) + narrow <= Math.log1p(suite.equivalence)) return "same";
    return gain - threshold > 0 ? "better" : gain + threshold < 0 ? "worse" : "unclear";
  }

  const narrowing = (blocks) => suite.narrowing[Math.min(blocks, suite.narrowing.length - 1)] ?? NaN;

  function difference(place, line, metric, unit, before, after, usual) {
    const widest = (...widths) => {
      const known = widths.filter(Number.isFinite);
      return known.length ? Math.max(...known) : NaN;
    };
    const sides = [before, after];
    const threshold = widest(Math.hypot(...sides.map(halfWidth)), usual);
    const narrow = widest(
      Math.hypot(...sides.map((side) => halfWidth(side) * narrowing(side.blocks))),
      usual * narrowing(0),
    );
    const change = Math.log(after.value / before.value);
    const gain = commits.metrics[metric].better === "higher" ? change : -change;
    return {
      place,
      line,
      metric,
      unit,
      before,
      after,
      threshold,
      ratio: after.value / before.value,
      significance: threshold === 0 ? (change ? Infinity : 0) : Math.abs(change) / threshold,
      verdict: verdict(gain, threshold, narrow),
    };
  }

  const sideOf = (level, blocks, trials) =>
    level && level[0] > 0 ? { value: level[0], low: level[1], high: level[2], blocks, trials } : null;

  // What a figure was made of, in words, and where that is: trials are on the site of current cells only.
  const behind = (blocks, paired, at) =>
    blocks > 0
      ? {
          text: units.count(blocks, paired ? "pair" : "trial"),
          href:
            at === undefined
              ? null
              : `case/${suite.slugs[suite.current.case[at]]}.html#trials-${suite.current.anchor[at]}`,
        }
      : null;

  let known = null;
  function trialsAt(...cell) {
    const { current } = suite;
    known ??= new Map(
      current.case.map((place, at) => [
        JSON.stringify([
          place,
          suite.machines[current.machine[at]],
          suite.interpreters[current.interpreter[at]],
          current.commit[at],
          current.protocol[at],
        ]),
        at,
      ]),
    );
    return known.get(JSON.stringify(cell));
  }

  // ---- Two commits ----

  async function sliceOf(place) {
    const number = suite.slices.findLastIndex((first, at) => first <= place && at < suite.slices.length - 1);
    const first = suite.slices[number];
    if (!slices.has(first)) await load(`${folder}commits-${number}.js`);
    return slices.get(first);
  }

  // Every figure at one commit: by series and metric.
  function figuresAt(slice, place, machine) {
    const figures = new Map();
    for (const [number, start, columns] of slice.series) {
      const schedule = commits.schedules[suite.series.schedule[number]];
      if (schedule.machine !== machine) continue;
      const slot = schedule.places.lastIndexOf(place);
      if (slot < start) continue;
      const mine = [];
      let blocks = 0;
      for (const [metric, [zero, values, below, above]] of Object.entries(columns)) {
        const column = decode({
          step: suite.series.step[number][metric],
          zero,
          values,
          below: below ?? undefined,
          above: above ?? undefined,
        });
        const at = slot - start;
        if (metric === "blocks") blocks = column.value[at];
        else if (column.value[at] > 0)
          mine.push([metric, { value: column.value[at], low: column.low[at] ?? NaN, high: column.high[at] ?? NaN }]);
      }
      const trials = behind(
        blocks,
        "on" in columns,
        trialsAt(
          suite.series.case[number],
          machine,
          commits.interpreters[schedule.interpreters[slot]],
          commits.hashes[place],
          suite.series.protocol[number],
        ),
      );
      for (const [metric, side] of mine) figures.set(`${number} ${metric}`, { ...side, blocks, trials });
    }
    return figures;
  }

  async function betweenCommits(a, b, machine) {
    const [before, after] = [figuresAt(await sliceOf(a), a, machine), figuresAt(await sliceOf(b), b, machine)];
    const rows = [];
    for (const [key, one] of before) {
      const other = after.get(key);
      if (!other) continue;
      const [number, metric] = [Number(key.split(" ")[0]), key.split(" ")[1]];
      const noise = suite.series.noise[number][metric];
      const usual = noise === null || noise === undefined ? NaN : suite.quantile * Math.SQRT2 * noise;
      rows.push(
        difference(
          suite.series.case[number],
          commits.schedules[suite.series.schedule[number]].line,
          metric,
          suite.series.unit[number],
          one,
          other,
          usual,
        ),
      );
    }
    return rows;
  }

  // ---- Two releases ----

  function betweenReleases(a, b, machine) {
    const { current } = suite;
    const host = suite.machines.indexOf(machine);
    const cells = (name) =>
      new Map(
        current.case
          .map((place, at) => [place, at])
          .filter(([, at]) => current.machine[at] === host && suite.interpreters[current.interpreter[at]] === name),
      );
    const [before, after] = [cells(a), cells(b)];
    const unitOf = new Map(suite.series.case.map((place, number) => [place, suite.series.unit[number]]));
    const rows = [];
    for (const [place, one] of before) {
      const other = after.get(place);
      if (other === undefined) continue;
      const timed = current.timed[one] && current.timed[other];
      const unit = timed ? "seconds" : (unitOf.get(place) ?? "unit");
      for (const metric of ["off", "on", "speedup"]) {
        const sides = [one, other].map((at) => {
          const blocks = current.pairs[at] || current.trials[at];
          return sideOf(current[metric][at], blocks, behind(blocks, current.pairs[at] > 0, at));
        });
        if (sides[0] && sides[1]) rows.push(difference(place, "", metric, unit, ...sides, NaN));
      }
    }
    return rows;
  }

  return { betweenCommits, betweenReleases };
};
