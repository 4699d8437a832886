"""The only place that knows asv's private modules: its configuration, environments, suites, results, machines.

Whatever is imported of asv loads all of it, commands and plugins, in 0.15 s. So the modules that read what was
measured (`project`, `suite`, `site`, `history`) import asv in the functions that call it, and nothing of it where none
does; those that measure import it as usual.
"""
