"""The words that people read: a folder of plain word lists for each of five languages, a list for each place."""
