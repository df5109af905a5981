"""HTTP: the Graph side, the control of the simulator, and its page."""
