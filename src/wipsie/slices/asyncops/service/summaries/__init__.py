"""Daily summaries: gathered, made, kept and sent.

schedule ──► message ──► handler ──► gather ──► build_digest ──► one row for the window, and mail in the same commit
"""
