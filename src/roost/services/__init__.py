"""What the server does: each service opens the transactions that one aggregate of the protocol needs.

Services know the protocol's rules (floors 0 and 1) and the outside world (floor 2). They deliberately do not know HTTP,
NSIDs, JSON wire shapes, SQL text, or where configuration comes from.
"""
