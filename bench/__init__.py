"""`python -m bench`: a server of its own under load over loopback, and what it does, printed.

The server is a process of its own, `roost serve --dev` on a fresh data directory; the client is this one, and does as
little as it can so that it is not what is measured. Every answer is checked, and one that is wrong fails the run. It
deliberately does not know the server's code but for names of the protocol: what it measures, anybody could.
"""
