"""Other task systems for Python, measured in the same run: each with its fastest documented settings, stated in the result."""
