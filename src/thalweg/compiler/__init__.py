"""The compiler: from a traced Graph to a Program of kernels over a planned arena."""
