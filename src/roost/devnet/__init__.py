"""What a network without the internet needs: a PLC directory, a way to serve it, and a mailbox to read.

Used by `serve --dev` and by the tests. Deliberately knows nothing of the PDS itself: no services, no configuration, and
nothing a production server loads.
"""
