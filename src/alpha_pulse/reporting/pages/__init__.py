"""The pages of a run and of a comparison: one self-contained HTML file each, without scripts."""
