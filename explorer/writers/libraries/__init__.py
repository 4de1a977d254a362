"""The formats that only libraries are written in, one module a format."""
