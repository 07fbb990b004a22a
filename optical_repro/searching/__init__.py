"""Looking things up with a trained student: the finder, what it says at the terminal and as JSON, and the REST server with its page."""
