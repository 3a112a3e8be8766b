"""What is kept: one Database interface, an adapter for each engine, and the SQL of each aggregate in a module of its own.

A function that takes a `Tx` runs one statement, or a few, and never commits: whoever opened the transaction does. The package
deliberately does not know the protocol's rules, repositories as trees, or the network.
"""
