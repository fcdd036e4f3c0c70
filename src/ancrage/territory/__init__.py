"""What a computation receives: communes, flows, tables and travel times, with their units and sources."""
