"""Files of exchanges and brokers."""
