"""How a stored digest is shown. One outline says what stands where; each form writes it down in its own way.

content ──► outline ──┬──► plain text
                      ├──► Markdown
                      ├──► HTML, for mail and browsers alike
                      └──► feeds (the HTML of several)
"""

from __future__ import annotations
