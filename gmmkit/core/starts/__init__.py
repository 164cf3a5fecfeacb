"""Where EM begins: clusters, hierarchies, known centers, mixtures that grow."""
