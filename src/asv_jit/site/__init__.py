"""The static site: content in, pages out. `render.render_site` is the way in."""
