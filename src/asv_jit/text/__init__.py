"""Words that terminal, site and workflows share: units, names, sentences about events and comparisons."""
