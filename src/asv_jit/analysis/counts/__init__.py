"""Analysis of counted trials: steady counts, warm-up, split of the instructions, and changes within one mode."""
