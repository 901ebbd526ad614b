"""What `spacy train` needs around the component: corpora in, a table of figures out."""
