"""Text that the terminal, the site and the workflows share: units, names, sentences about events and comparisons."""
