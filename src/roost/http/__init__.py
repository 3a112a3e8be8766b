"""The HTTP edge: bytes in, bytes out, and the only code that knows ASGI.

`xrpc` is the endpoint of the methods, `wellknown` the few other paths of the protocol, `compose` puts both beside
pages, `serving` runs it all on a socket. The package deliberately does not know storage, repositories, or what a method
does.
"""
