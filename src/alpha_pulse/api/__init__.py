"""HTTP and WebSocket over the running system. It meets the engine only in `alpha_pulse.gateway.protocol`."""
