"""Files of trading programs and libraries."""
