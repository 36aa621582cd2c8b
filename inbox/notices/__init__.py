"""What managers are told of: in the browser when they do not look, and in a digest by mail when they are away."""
