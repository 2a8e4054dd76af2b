"""What every output shows, whatever its format: names, numbers, rankings, and rows of tables and charts."""
