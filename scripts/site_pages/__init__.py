"""Pages of the site that are made when it is built: references, and files from outside docs/.

`scripts/site_hooks.py` hands them to MkDocs. Nothing here is written into the repository.
"""
