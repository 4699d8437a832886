"""What search engines ask for, where the address of the site is known."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote, urlsplit

from asv_jit.site.content.site_content import SiteContent


def signposts(content: SiteContent, names: Iterable[str]) -> dict[str, bytes]:
    """`sitemap.xml` with all pages in `names`; `robots.txt` too where the site is all that its host has."""
    root = content.url.rstrip("/")
    if not root.startswith(("https://", "http://")):
        return {}
    pages = sorted(name for name in names if name.endswith(".html") and name != "404.html")
    entries = "".join(f"<url><loc>{escape(f'{root}/{quote(name)}', quote=False)}</loc></url>\n" for name in pages)
    head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    files = {"sitemap.xml": f"{head}{entries}</urlset>\n".encode()}
    if urlsplit(root).path == "":
        files["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {root}/sitemap.xml\n".encode()
    return files
