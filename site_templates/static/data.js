"use strict";

// The data files of the site (documented on its Data page): each is a script that calls `asvJit` with its content.
const asvJit = (() => {
  const files = {};
  const slices = new Map();

  function receive(data) {
    if (data.format === "asv-jit-commit-values") slices.set(data.first, data);
    else files[data.format.replace("asv-jit-", "")] = data;
  }

  // A script element works where the site is opened from disk, too; fetching a file does not.
  function load(address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = () => done();
      script.onerror = () => failed(new Error(`${address} could not be loaded`));
      document.head.append(script);
    });
  }

  // The text of a column: see `columns.py`, or the Data page. `running` adds each step to the one before.
  function steps(text, start, middle, running) {
    const found = [];
    let total = start;
    for (let place = 0; place < text.length; place += 1) {
      if (text[place] === " ") {
        found.push(null);
        continue;
      }
      let step = text.charCodeAt(place) - middle;
      if (text[place] === "~") {
        const end = text.indexOf(";", place);
        step = Number(text.slice(place + 1, end));
        place = end;
      }
      total = running ? total + step : step;
      found.push(total);
    }
    return found;
  }

  function decode({ step, zero, values, below, above }) {
    const counts = steps(values, zero, 63, true);
    const bound = (text, sign) => {
      const widths = text === undefined || text === null ? [] : steps(text, 0, 35, false);
      return counts.map((count, place) =>
        (widths[place] ?? null) === null ? null : (count + sign * widths[place]) * step,
      );
    };
    return {
      value: counts.map((count) => (count === null ? null : count * step)),
      low: bound(below, -1),
      high: bound(above ?? below, 1),
    };
  }

  return Object.assign(receive, { files, slices, load, decode });
})();

// Numbers as a reader wants them, as `units.py` writes them on the server-made parts of a page.
asvJit.units = (() => {
  const TIMES = [
    [1e-9, "ns", 1e-6],
    [1e-6, "µs", 1e-3],
    [1e-3, "ms", 1],
    [1, "s", 120],
    [60, "min", 7200],
    [3600, "h", 172800],
    [86400, "days", Infinity],
  ];
  const SIZES = [
    [1, "B"],
    [1024, "KiB"],
    [1024 ** 2, "MiB"],
    [1024 ** 3, "GiB"],
    [1024 ** 4, "TiB"],
  ];
  const DASH = "–";
  const missing = (value) => value === null || value === undefined || Number.isNaN(value);

  function three(value) {
    if (value === 0) return "0";
    const rounded = Number(value.toPrecision(3));
    if (Math.abs(rounded) < 1e-4 || Math.abs(rounded) >= 1e7) return rounded.toExponential(2);
    const places = Math.max(2 - Math.floor(Math.log10(Math.abs(rounded))), 0);
    return rounded.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
  }

  function seconds(value) {
    if (missing(value)) return DASH;
    if (value === 0) return "0 s";
    if (!Number.isFinite(value)) return "∞";
    const size = Number(Math.abs(value).toPrecision(3));
    const [scale, unit] = TIMES.find(([, , limit]) => size < limit) ?? TIMES.at(-1);
    return `${three(value / scale)} ${unit}`;
  }

  function size(value) {
    if (missing(value)) return DASH;
    const [scale, unit] = SIZES.findLast(([limit]) => Math.abs(value) >= 0.9995 * limit) ?? SIZES[0];
    return `${three(value / scale)} ${unit}`;
  }

  function ratio(value, places = 2) {
    if (missing(value)) return DASH;
    if (!Number.isFinite(value)) return "∞";
    if (value >= 0.1 && value < 99.995) return `${value.toFixed(value < 9.995 ? places : 1)}×`;
    return `${three(value)}×`;
  }

  function number(value) {
    if (missing(value)) return DASH;
    if (Math.abs(value) < 1e9 && Number.isInteger(value)) return value.toLocaleString("en");
    return Math.abs(value) < 1e-4 || Math.abs(value) >= 1e9
      ? value.toExponential(3)
      : Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 8 });
  }

  // All digits: a fraction shows only where an iteration is many calls.
  function instructions(value) {
    return missing(value) ? DASH : value.toLocaleString("en", { maximumFractionDigits: value >= 1000 ? 0 : 1 });
  }

  function quantity(unit) {
    if (unit === "seconds") return seconds;
    if (unit === "bytes") return size;
    if (unit === "ratio") return ratio;
    if (unit === "instructions") return instructions;
    return (value) =>
      missing(value) || unit === "" || unit === "unit" ? number(value) : `${number(value)} ${unit.slice(0, 24)}`;
  }

  function interval(low, high, form) {
    if (missing(low) || missing(high) || !Number.isFinite(high)) return "";
    if (form !== ratio) return join(form(low), form(high));
    const places = [2, 3, 4].find((digits) => ratio(low, digits) !== ratio(high, digits)) ?? 2;
    return join(ratio(low, places), ratio(high, places));
  }

  function join(low, high) {
    const [number_, unit] = low.split(" ");
    const wanted = high.split(" ")[1];
    if (unit === wanted) return `${number_} to ${high}`;
    const scale = Object.fromEntries([...TIMES, ...SIZES].map(([size_, name]) => [name, size_]));
    if (!(unit in scale) || !(wanted in scale)) return `${low} to ${high}`;
    return `${three((Number(number_.replaceAll(",", "")) * scale[unit]) / scale[wanted])} to ${high}`;
  }

  const count = (amount, noun) => `${amount.toLocaleString("en")} ${noun}${amount === 1 ? "" : "s"}`;
  const day = (timestamp) => new Date(timestamp * 1000).toISOString().slice(0, 10);

  return { seconds, size, ratio, number, quantity, interval, count, day };
})();

// The state of a view lives behind # in the address, so that it can be linked, and back and forward work.
asvJit.state = {
  read() {
    const text = location.hash.slice(1);
    return text.includes("=") ? Object.fromEntries(new URLSearchParams(text)) : {};
  },
  isAnchor: () => location.hash.length > 1 && !location.hash.includes("="),
  write(state, replace = false) {
    const kept = Object.entries(state).filter(([, value]) => value !== "" && value !== undefined && value !== null);
    const text = kept.length ? `#${new URLSearchParams(kept)}` : location.pathname + location.search;
    if (`#${new URLSearchParams(kept)}` === location.hash) return;
    history[replace ? "replaceState" : "pushState"](null, "", text);
  },
};

asvJit.csv = (() => {
  // Text that a spreadsheet would take for a formula gets a quote before it.
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  const text = (rows) => rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

  function save(name, rows) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text(rows)], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  return { text, save };
})();

// Elements from texts, never from markup: whatever a benchmark or a commit is called, it stays text.
asvJit.make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

// A verdict with its symbol, and a sentence in the place of what is missing.
asvJit.badge = (kind, symbol, word) =>
  asvJit.make("span", { class: `badge ${kind}` }, asvJit.make("span", { "aria-hidden": "true" }, symbol), ` ${word}`);
asvJit.alert = (text) => asvJit.make("p", { class: "empty", role: "alert" }, text);
