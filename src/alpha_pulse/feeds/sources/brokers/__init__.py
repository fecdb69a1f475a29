"""Files of brokers."""
