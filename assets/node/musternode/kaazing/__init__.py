"""A Kaazing WebSocket Gateway as one member of its cluster."""
