"""Where the state of the worlds is kept. Each store is one module that passes the contract suite."""
