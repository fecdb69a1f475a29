"""Compiled step functions over packed arrays: above the core only, no classes."""
