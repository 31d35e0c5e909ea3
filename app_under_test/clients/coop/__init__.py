"""Co-operative Bank's Co-op Connect."""
