"""What counted trials say: steady counts, warm-up, where the instructions go, and what changed within one mode."""
