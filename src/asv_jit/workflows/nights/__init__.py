"""`asv-jit nightly`: what a night knows, plans, measures, follows up and reports."""
