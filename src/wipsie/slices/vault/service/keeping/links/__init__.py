"""Links: given out, looked at, opened, taken back.

make ──► row ──► GET: a page with a button ──► POST: counted and recorded in one commit ──► bytes
                  │                        └──► looking.py: the pages first
                  │ refused: expired, revoked, used up, altered, gone: recorded, and answered alike
"""
