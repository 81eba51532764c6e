"""A paper: figures of several panels, tables and numbers for a manuscript, and the page that shows them."""
