"""What a request does: one module per verb, each a function of the core, the resource and the decoded request."""
