"""What commands answer in plain English: check, compare, export."""
