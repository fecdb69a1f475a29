"""Who may call: tokens, session cookies, and the delay of wrong tokens."""
