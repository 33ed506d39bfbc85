"""First contracts, drafted from what lies in a folder."""
