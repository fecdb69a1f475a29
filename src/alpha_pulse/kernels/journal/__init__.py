"""Columns of a table as bytes that compress well."""
