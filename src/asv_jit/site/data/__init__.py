"""The site's data files, and the page that documents them."""
