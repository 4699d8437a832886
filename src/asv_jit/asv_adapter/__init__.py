"""The only place that knows asv's private modules: its configuration, environments, suites, results, machines."""
