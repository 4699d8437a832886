"use strict";

// The Data page: its files as tables for a spreadsheet, made here from the files themselves.
document.addEventListener("DOMContentLoaded", () => {
  const { files, units, csv, load } = asvJit;

  function commitRows({ hashes, dates, authors, author, subjects }) {
    return [
      ["hash", "date", "author", "subject"],
      ...hashes.map((hash, place) => [
        hash,
        dates[place] ? units.day(dates[place]) : "",
        authors[author[place]],
        subjects[place],
      ]),
    ];
  }

  function suiteRows({ benchmarks, params, machines, interpreters, current }) {
    const bounded = ["off", "on", "speedup", "memory", "memory_added"];
    const head = [
      "benchmark",
      "params",
      "machine",
      "interpreter",
      "commit",
      "protocol",
      "verdict",
      "pairs",
      "trials",
      ...bounded.flatMap((name) => [name, `${name}_low`, `${name}_high`]),
      "break_even_s",
    ];
    return [
      head,
      ...current.case.map((place, at) => [
        benchmarks[place],
        params[place].join(", "),
        machines[current.machine[at]],
        interpreters[current.interpreter[at]],
        current.commit[at],
        current.protocol[at],
        current.verdict[at],
        current.pairs[at],
        current.trials[at],
        ...bounded.flatMap((name) => current[name][at] ?? [null, null, null]),
        current.break_even_s[at],
      ]),
    ];
  }

  const acts = {
    commits: async () => csv.save("commits.csv", commitRows(files.commits)),
    suite: async () => {
      if (!files.suite) await load("data/suite.js");
      csv.save("suite.csv", suiteRows(files.suite));
    },
  };
  for (const button of document.querySelectorAll("[data-csv-of]")) {
    button.disabled = false;
    button.addEventListener("click", () =>
      acts[button.dataset.csvOf]().catch(() => {
        button.textContent = "could not be loaded";
      }),
    );
  }
});
