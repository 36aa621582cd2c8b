"""People who leave: everything about one of them handed out, one of them erased while the figures stay true."""
