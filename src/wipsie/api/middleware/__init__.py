"""What every request passes, as plain ASGI.

server → RequestEdge (ids, metrics, request log) → CORS, only with an Origin → ProtocolSwitch (→ another protocol)
       → Guard (host, body limit, errors) → FastDispatch → a fast route, or else FastAPI
"""
