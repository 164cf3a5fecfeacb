"""The command line: words in, calls to the library, text or JSON out. No mathematics here."""
