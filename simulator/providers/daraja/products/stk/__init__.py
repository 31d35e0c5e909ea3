"""M-PESA Express: the push, its query, and their result codes."""
