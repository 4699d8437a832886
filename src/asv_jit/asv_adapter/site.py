"""Publishes asv's own site next to ours, with a link back."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError

# asv's pages put the benchmark's name in the URL's fragment.
_LINK_BACK = """"use strict";
(function () {
  const link = document.createElement("a");
  link.style.cssText = "position:fixed;right:1rem;bottom:1rem;z-index:2000;background:#12314f;color:#fff;"
    + "padding:.5rem 1rem;border-radius:8px;text-decoration:none";
  function show() {
    const name = decodeURIComponent(location.hash.slice(1).split("?")[0]).replace(/^\\//, "");
    const known = name && !["regressions", "summarylist"].includes(name);
    link.href = known ? "../cases.html#python=all&q=" + encodeURIComponent(name) : "../index.html";
    link.textContent = known ? "JIT off and on, with intervals" : "asv-jit’s site";
  }
  addEventListener("hashchange", show);
  show();
  document.body.append(link);
})();
"""
_SCRIPT = "asv-jit.js"


def publish_asv_site(project: Project, folder: Path) -> None:
    """Write asv's site to `folder`, which must not exist, as `asv publish` does, with a link back to ours.

    asv takes minutes for thousands of results. Raises UsageError with asv's error.
    """
    from asv import util  # here: see `asv_jit.asv_adapter`
    from asv.commands.publish import Publish

    conf = project.asv
    conf.html_dir = str(folder)
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            failed = Publish.run(conf, pull=False)
    except (util.UserError, util.ProcessError, OSError, ValueError, KeyError) as error:
        failed = error
    if failed or not (folder / "index.html").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        last = output.getvalue().strip().splitlines()[-1:]
        raise UsageError(f"asv's own site could not be made: {failed or 'nothing was written'}; {' '.join(last)}")
    index = folder / "index.html"
    text = index.read_text(encoding="utf-8")
    index.write_text(text.replace("</body>", f'<script src="{_SCRIPT}"></script></body>', 1), encoding="utf-8")
    (folder / _SCRIPT).write_text(_LINK_BACK, encoding="utf-8")


def is_asv_site(folder: Path) -> bool:
    """Return True if `folder` holds a site that `asv publish` wrote, which can be built again."""
    return all((folder / name).exists() for name in ("index.html", "index.json", "asv.js", "graphs"))
