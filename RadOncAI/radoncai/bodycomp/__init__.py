"""Body composition at L3: level, tissues, areas."""
