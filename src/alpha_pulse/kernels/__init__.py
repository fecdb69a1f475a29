"""Compiled step functions over packed arrays. They import only the core, and contain no classes."""
