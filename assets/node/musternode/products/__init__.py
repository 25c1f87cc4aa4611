"""One module for each product: its files on a node and what is written into them."""
