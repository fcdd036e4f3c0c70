"""Pages of studies: each module holds the views of one subject."""
