"""The one place that knows all rooms: turns a site file into plans and puts the gateway together."""
