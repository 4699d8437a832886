"""Commands that show what was measured: changes, the site, files for other tools."""
