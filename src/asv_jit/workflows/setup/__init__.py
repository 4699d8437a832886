"""Sets up a project, its workflows, and the machine."""
