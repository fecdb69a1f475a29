"""The HTTP and WebSocket API of the running system. It uses the engine only through `alpha_pulse.gateway.protocol`."""
