"""The Compare page: two commits or two releases, side by side."""
