"""Whether numbers of the exchanges agree with second sources that the program does not use."""
