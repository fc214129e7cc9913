"""The Starlette application, settings, the command line: what wires the layers together."""
